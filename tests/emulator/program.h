/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs share that stand in for the kernel behind the boot stub, with registers by
 * their names in ST's reference manuals. CORE_HZ and CLOCK are the rates of the core and of timers
 * and console in Hz; FLASH_KIB is the size of the flash.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#define RCC_AHB3ENR REG(0x40023838)
#define RCC_APB1ENR REG(0x40023840)

#if USART == 3 /* at APB1, which is half as fast */
#define USART_BASE  0x40004800
#define USART_CLOCK (CLOCK / 2)
#else
#define USART_BASE  0x40011000
#define USART_CLOCK CLOCK
#endif
#if defined(STM32F7)
#define USART_CR1 REG(USART_BASE + 0x00)
#define USART_BRR REG(USART_BASE + 0x0c)
#define USART_SR  REG(USART_BASE + 0x1c) /* ISR */
#define USART_ICR REG(USART_BASE + 0x20)
#define USART_RDR REG(USART_BASE + 0x24)
#define USART_TDR REG(USART_BASE + 0x28)
#define USART_UE  (1 << 0)
#else
#define USART_SR  REG(USART_BASE + 0x00)
#define USART_RDR REG(USART_BASE + 0x04)
#define USART_TDR REG(USART_BASE + 0x04)
#define USART_BRR REG(USART_BASE + 0x08)
#define USART_CR1 REG(USART_BASE + 0x0c)
#define USART_UE  (1 << 13)
#endif
#define USART_TE     (1 << 3)
#define USART_RE     (1 << 2)
#define USART_RXNEIE (1 << 5)
#define USART_ORE    (1 << 3)
#define USART_RXNE   (1 << 5)
#define USART_TC     (1 << 6)
#define USART_TXE    (1 << 7)
#define USART_IRQ    37

#define TIM(n)   (0x40000000 + ((n)-2) * 0x400)
#define TIM_CR1  0x00
#define TIM_DIER 0x0c
#define TIM_SR   0x10
#define TIM_EGR  0x14
#define TIM_CNT  0x24
#define TIM_PSC  0x28
#define TIM_ARR  0x2c
#define TIM_CCR1 0x34
#define TIM2_IRQ 28
#define TIM3_IRQ 29

#define NVIC_ISER(irq) REG(0xe000e100 + (irq) / 32 * 4)
#define SCB_VTOR       REG(0xe000ed08)
#define SCB_AIRCR      REG(0xe000ed0c)
#define SCB_SHCSR      REG(0xe000ed24)
#define SCB_CFSR       REG(0xe000ed28)

#define BAUD_DIVIDER ((USART_CLOCK + 57600) / 115200)

static inline void put(char c)
{
	while (!(USART_SR & USART_TXE))
		;
	USART_TDR = c;
}

static inline void print(const char *text)
{
	while (*text)
		put(*text++);
}

static inline void print_hex(uint32_t value)
{
	int shift;

	for (shift = 28; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
}

/* One line: got must be want, or no further from it than that. */
static inline void check(const char *name, uint32_t got, uint32_t want, uint32_t tolerance)
{
	int good = got - want + tolerance <= 2 * tolerance;

	print(good ? "ok " : "not ok ");
	print(name);
	if (!good) {
		print(": got ");
		print_hex(got);
		print(" want ");
		print_hex(want);
	}
	put('\n');
}

/* With -no-reboot a reset is the end. */
static inline __attribute__((noreturn)) void end(void)
{
	print("end\n");
	while (!(USART_SR & USART_TC))
		;
	SCB_AIRCR = 0x05fa0004;
	for (;;)
		;
}

static inline void console_on(uint32_t more)
{
	USART_BRR = BAUD_DIVIDER;
	USART_CR1 = USART_UE | USART_TE | more;
}

#endif
