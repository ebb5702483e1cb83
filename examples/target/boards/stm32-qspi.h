/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NOR flash at the QUADSPI of ST's 32F746GDISCOVERY: part of stm32-stub.c. It is mapped and
 * read by two lines, which every flash of this kind understands as it is after power-up; four lines
 * need a bit that some makers leave clear. Registers: RM0385, "Quad-SPI interface (QUADSPI)".
 */
#define QUADSPI_CR  REG(0xa0001000)
#define QUADSPI_DCR REG(0xa0001004)
#define QUADSPI_CCR REG(0xa0001014)

/* Pins as port * 16 + pin, and their function: CLK, NCS, IO0 to IO3. */
static const uint8_t qspi_pins[][2] = {{1 * 16 + 2, 9}, {1 * 16 + 6, 10}, {3 * 16 + 11, 9},
	{3 * 16 + 12, 9}, {4 * 16 + 2, 9}, {3 * 16 + 13, 9}};

static void start_qspi(void)
{
	uint32_t i;

	for (i = 0; i < sizeof(qspi_pins) / sizeof(qspi_pins[0]); i++) {
		RCC_AHB1ENR |= 1 << qspi_pins[i][0] / 16;
		set_pin(qspi_pins[i][0], qspi_pins[i][1]);
	}
	RCC_AHB3ENR |= 1 << 1;
	(void)RCC_AHB3ENR;
	/* 2^QSPI bytes, deselected for 4 cycles; 72 MHz, sampled half a cycle later. */
	QUADSPI_DCR = (QSPI - 1) << 16 | 3 << 8;
	QUADSPI_CR = (CORE / 72 - 1) << 24 | 1 << 4 | 1;
	/* Mapped: data on two lines behind 8 dummy cycles; three bytes of address, on one as 0x3b
	 * is. */
	QUADSPI_CCR = 3 << 26 | 2 << 24 | 8 << 18 | 2 << 12 | 1 << 10 | 1 << 8 | 0x3b;
}
