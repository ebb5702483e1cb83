/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reset code of an STM32F4 or STM32F7, at the start of its flash: all of the boot loader that Linux
 * needs. It sets up what the kernel takes as given, that is the PLL, flash wait states, the clocks
 * and pins of the console, the clock of the timer and, on boards that have it, external RAM. Then
 * it enters the kernel as Documentation/arch/arm/booting.rst asks. DTB and KERNEL come from the
 * partition table, the rest from stub_flags in the board's file:
 *
 *   STM32F7, STM32F42X, STM32F405 or STM32F413
 *   HSE=25               the crystal, MHz; the internal oscillator when it does not start
 *   USART=1 TX=9 RX=23   the console, its pins as port * 16 + pin
 *   LINE=6 LINE_TX=38 LINE_RX=39   a second serial line, in the same way
 *   SDRAM=1 SDRAM_WIDTH=32   external RAM: the FMC's bank and its width, 12 rows and 8 columns
 *   QSPI=24                  external flash at the QUADSPI, 2^24 bytes at 0x90000000
 *
 * Registers by their names in ST's reference manuals RM0090, RM0385, RM0410 and RM0430.
 */
#include <stdbool.h>
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#define RCC_CR      REG(0x40023800)
#define RCC_PLLCFGR REG(0x40023804)
#define RCC_CFGR    REG(0x40023808)
#define RCC_AHB1ENR REG(0x40023830)
#define RCC_AHB3ENR REG(0x40023838)
#define RCC_APB1ENR REG(0x40023840)
#define RCC_APB2ENR REG(0x40023844)
#define PWR_CR      REG(0x40007000)
#define PWR_CSR     REG(0x40007004)
#define FLASH_ACR   REG(0x40023c00)

/* The PLL divides its source down to 1 MHz and multiplies that; its output is half of the VCO. */
#if defined(STM32F7)
#define CORE 216
#define ACR  0x300 /* ART accelerator and prefetch */
#elif defined(STM32F413)
#define CORE 100
#define ACR  0x700 /* data cache, instruction cache and prefetch */
#else
#define CORE 168
#define ACR  0x700
#endif

#if CORE <= 100
#define WAIT_STATES 3
#define PRESCALERS  (4 << 10) /* APB1 / 2, APB2 / 1 */
#else
#define WAIT_STATES ((CORE - 1) / 30)
#define PRESCALERS  (4 << 13 | 5 << 10) /* APB2 / 2, APB1 / 4 */
#endif

/* The highest voltage. */
#if defined(STM32F405)
#define VOS (1 << 14)
#else
#define VOS (3 << 14)
#endif

/* Q: 48 MHz or less for what is not used here. R is the F769's and F413's, where it may not be 0.
 */
#define PLLCFGR(source, m)                                                                         \
	(2u << 28 | (2 * CORE + 47) / 48 << 24 | (source) << 22 | (2 * CORE) << 6 | (m))

extern const char dtb[] __asm__("DTB"), kernel[] __asm__("KERNEL");

static void wait_for(volatile uint32_t *reg, uint32_t bits, uint32_t value)
{
	while ((*reg & bits) != value)
		;
}

static void start_clocks(void)
{
	uint32_t pll = PLLCFGR(1, HSE), tries = 0x20000;

	RCC_APB1ENR |= 1 << 28; /* PWR */
	(void)RCC_APB1ENR;      /* two cycles until it is there */
	RCC_CR |= 1 << 16;      /* HSE */
	while (!(RCC_CR & 1 << 17))
		if (!--tries) {
			pll = PLLCFGR(0, 16);
			break;
		}
	RCC_PLLCFGR = pll;
	PWR_CR |= VOS;
	RCC_CR |= 1 << 24;
#if defined(STM32F7) /* over-drive */
	PWR_CR |= 1 << 16;
	wait_for(&PWR_CSR, 1 << 16, 1 << 16);
	PWR_CR |= 1 << 17;
	wait_for(&PWR_CSR, 1 << 17, 1 << 17);
#endif
	wait_for(&RCC_CR, 1 << 25, 1 << 25);
	FLASH_ACR = ACR | WAIT_STATES;
	wait_for(&FLASH_ACR, 15, WAIT_STATES);
	RCC_CFGR = PRESCALERS;
	RCC_CFGR |= 2; /* run from the PLL */
	wait_for(&RCC_CFGR, 3 << 2, 2 << 2);
}

/* One pin: alternate function, fast, pulled up. */
static void set_pin(uint32_t pin, uint32_t function)
{
	volatile uint32_t *gpio = &REG(0x40020000 + pin / 16 * 0x400);

	pin %= 16;
	gpio[0] = (gpio[0] & ~(3u << pin * 2)) | 2u << pin * 2; /* MODER */
	gpio[2] = (gpio[2] & ~(3u << pin * 2)) | 3u << pin * 2; /* OSPEEDR */
	gpio[3] = (gpio[3] & ~(3u << pin * 2)) | 1u << pin * 2; /* PUPDR */
	pin += 8 * 8;                                           /* AFRL, AFRH */
	gpio[pin / 8] = (gpio[pin / 8] & ~(15u << pin % 8 * 4)) | function << pin % 8 * 4;
}

static void start_usart(unsigned number, uint32_t tx, uint32_t rx)
{
	bool six = number == 6;

	RCC_AHB1ENR |= 1 << tx / 16 | 1 << rx / 16;
	if (number == 1 || six)
		RCC_APB2ENR |= six ? 1 << 5 : 1 << 4;
	else
		RCC_APB1ENR |= 1 << (15 + number);
	set_pin(tx, six ? 8 : 7);
	set_pin(rx, six ? 8 : 7);
}

static void start_console(void)
{
	RCC_APB1ENR |= 1 << 0; /* TIM2; the rates are the kernel's business */
	start_usart(USART, TX, RX);
#if defined(LINE)
	start_usart(LINE, LINE_TX, LINE_RX);
#endif
}

#if defined(SDRAM)
#include "stm32-sdram.h"
#else
static void start_sdram(void)
{
}
#endif

#if defined(QSPI)
#include "stm32-qspi.h"
#else
static void start_qspi(void)
{
}
#endif

static __attribute__((noreturn)) void reset(void)
{
	start_clocks();
	start_qspi();
	start_sdram();
	start_console();
	/* r0 = 0, r1 = any machine number, r2 = the device tree; bit 0: Thumb code */
	((void (*)(uint32_t, uint32_t, const void *))(kernel + 1))(0, ~0u, dtb);
	__builtin_unreachable();
}

static __attribute__((noreturn)) void hang(void)
{
	for (;;)
		;
}

/* Every exception before the kernel's own vectors hangs. */
static const void *const vectors[16] __attribute__((section(".vectors"), used)) = {
	(void *)0x20001000, /* the stack, until the kernel has its own */
	reset, hang, hang, hang, hang, hang, hang, hang, hang, hang, hang, hang, hang, hang, hang};
