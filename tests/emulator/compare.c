/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an STM32F405 has in QEMU's own model as well: registers that keep what is written, and the
 * flags of a receiver. Both must print the same. It runs from reset on, at 16 MHz; the clocks,
 * which QEMU's model does not have, are opened for ours.
 */
#define CLOCK 16000000
#define USART 1
#include "program.h"

#define GPIOA   0x40020000
#define SYSCFG  0x40013800
#define EXTI    0x40013c00
#define RCC_ENR 0x40023830

/* QEMU's model has TC, but not TXE. */
static void send(char c)
{
	USART_TDR = c;
	while (!(USART_SR & USART_TC))
		;
}

static void show(const char *name, uint32_t value)
{
	int shift;

	while (*name)
		send(*name++);
	for (shift = 28; shift >= 0; shift -= 4)
		send("0123456789abcdef"[value >> shift & 15]);
	send('\n');
}

static void keeps(const char *name, uint32_t address, uint32_t value)
{
	REG(address) = value;
	show(name, REG(address));
	REG(address) = 0;
}

__attribute__((noreturn)) static void reset(void)
{
	REG(RCC_ENR) |= 1;                       /* GPIOA */
	REG(RCC_ENR + 0x14) |= 1 << 4 | 1 << 14; /* USART1, SYSCFG */
	REG(GPIOA) = 0xa8000000 | 2 << 18 | 2 << 20;
	REG(GPIOA + 0x24) = 7 << 4 | 7 << 8;
	console_on(USART_RE);
	show("BRR ", USART_BRR);
	show("CR1 ", USART_CR1);
	keeps("CR2 ", USART_BASE + 0x10, 0x3000);
	keeps("EXTICR1 ", SYSCFG + 0x08, 0x1234);
	keeps("EXTICR4 ", SYSCFG + 0x14, 0x4321);
	keeps("IMR ", EXTI + 0x00, 0x5a5a);
	keeps("EMR ", EXTI + 0x04, 0xa5a5);
	keeps("RTSR ", EXTI + 0x08, 0x1111);
	keeps("FTSR ", EXTI + 0x0c, 0x2222);
	while (!(USART_SR & USART_RXNE))
		;
	show("RXNE ", USART_SR & (USART_RXNE | USART_ORE));
	show("DR ", USART_RDR);
	show("read ", USART_SR & USART_RXNE);
	send('.');
	SCB_AIRCR = 0x05fa0004;
	for (;;)
		;
}

static const void *const vectors[]
	__attribute__((section(".vectors"), used)) = {(void *)0x20001000, reset};
