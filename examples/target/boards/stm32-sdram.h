/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The external RAM of ST's discovery boards: part of stm32-stub.c. SDRAM of 4 banks, 4096 rows and
 * 256 columns at half of the core's clock, with times that suit the slowest of the chips that ST
 * fits (IS42S16400J-7, MT48LC4M32B2-6A). Registers: the chapter "Flexible memory controller (FMC)".
 */
#define FMC_SDCR1 REG(0xa0000140)
#define FMC_SDCR2 REG(0xa0000144)
#define FMC_SDTR1 REG(0xa0000148)
#define FMC_SDTR2 REG(0xa000014c)
#define FMC_SDCMR REG(0xa0000150)
#define FMC_SDRTR REG(0xa0000154)
#define FMC_SDSR  REG(0xa0000158)

#define SYSCFG_MEMRMP REG(0x40013800)

/* The pins of a port, those that differ between the boards last: 12 is the FMC's function. */
static const uint16_t sdram_pins[][2] = {{3, 0xc703}, {4, 0xff83}, {5, 0xf83f}, {6, 0x8133},
#if SDRAM_WIDTH == 32
	{7, 0xff00}, {8, 0x06ff},
#endif
	SDRAM_PINS};

/* 12 rows, 8 columns, 4 banks, CAS latency 3; the clock is that of bank 1 for both. */
#define SDCR ((SDRAM_WIDTH / 16) << 4 | 1 << 2 | 1 << 6 | 3 << 7 | 2 << 10 | 1 << 12)
/* Cycles, less one: mode 2, exit 8, RAS 5, RC 7, WR 2, RP 3, RCD 3. */
#define SDTR (1 | 7 << 4 | 4 << 8 | 6 << 12 | 1 << 16 | 2 << 20 | 2 << 24)
/* Every row within 64 ms: 15.6 us each, less what a transfer in progress may take. */
#define REFRESH (CORE / 2 * 156 / 10 - 20)

static void sdram_command(uint32_t command)
{
	FMC_SDCMR = command | (SDRAM == 1 ? 1 << 4 : 1 << 3);
	wait_for(&FMC_SDSR, 1 << 5, 0);
}

#if SDRAM == 1 && !defined(SDRAM_AT_0)
#define MPU_CTRL REG(0xe000ed94)
#define MPU_RBAR REG(0xe000ed9c)
#define MPU_RASR REG(0xe000eda0)

/* Who may (1: the kernel, 3: all, 6: all, but not write), what memory it is (TEX, S, C, B). */
#define RASR(log2, access, kind) ((access) << 24 | (kind) << 16 | ((log2)-1) << 1 | 1)
#define RASR_XN                  (1 << 28)

static void set_region(uint32_t region, uint32_t base, uint32_t attributes)
{
	MPU_RBAR = base | 1 << 4 | region;
	MPU_RASR = attributes;
}

/*
 * ARMv7-M forbids execution from 0xa0000000 to 0xdfffffff. Linux without an MMU executes from RAM:
 * a signal handler returns by code on the stack, and what is not in flash runs where it was loaded.
 * Programs see no more than these regions: normal memory, flash for reading, SDRAM for all.
 */
static void set_up_mpu(void)
{
	set_region(0, 0x08000000, RASR(21, 6, 2));
	set_region(1, 0xc0000000, RASR(22 + SDRAM_WIDTH / 16, 3, 0xb));
#if defined(QSPI)
	/* A Cortex-M7 reads normal memory ahead; behind the end of the flash it must not. */
	set_region(2, 0x90000000, RASR(28, 1, 0) | RASR_XN);
	set_region(3, 0x90000000, RASR(QSPI, 6, 2));
#endif
	MPU_CTRL = 5; /* on; the kernel itself has the default map beside */
	__asm__ volatile("dsb\n\tisb" ::: "memory");
}
#else
/* The banks are mapped where execution is allowed: at 0, or swapped to 0x90000000. */
static void set_up_mpu(void)
{
	RCC_APB2ENR |= 1 << 14; /* SYSCFG */
	(void)RCC_APB2ENR;
	SYSCFG_MEMRMP = SDRAM == 1 ? 4 : 1 << 10;
}
#endif

static void start_sdram(void)
{
	uint32_t i, pin;

	for (i = 0; i < sizeof(sdram_pins) / sizeof(sdram_pins[0]); i++) {
		RCC_AHB1ENR |= 1 << sdram_pins[i][0];
		for (pin = 0; pin < 16; pin++)
			if (sdram_pins[i][1] >> pin & 1)
				set_pin(sdram_pins[i][0] * 16 + pin, 12);
	}
	RCC_AHB3ENR |= 1;
	(void)RCC_AHB3ENR;
	FMC_SDCR1 = SDCR;
	FMC_SDTR1 = SDTR;
	FMC_SDCR2 = SDCR;
	FMC_SDTR2 = SDTR;
	sdram_command(1); /* clock */
	for (i = 0; i < CORE * 200; i++)
		__asm__ volatile("nop"); /* 100 us and more */
	sdram_command(2);                /* precharge */
	sdram_command(3 | 7 << 5);       /* eight refreshes */
	sdram_command(4 | 0x230 << 9);   /* mode: CAS latency 3, single accesses */
	FMC_SDRTR = REFRESH << 1;
	set_up_mpu();
}
