/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a boot stub left, timers and console against computed times, and what must end in a fault:
 * TEST names the function that runs. It stands where the kernel would.
 */
#include "program.h"

static volatile uint32_t *const ram = (uint32_t *)0x20000800; /* behind the stack */
enum { COUNT, LATE, LOST, NEXT, FAULTED, R0, R1, R2 };

static uint32_t now(void)
{
	return REG(TIM(2) + TIM_CNT);
}

static void wait(uint32_t ticks)
{
	uint32_t from = now();

	while (now() - from < ticks)
		;
}

/* --- what the stub left ------------------------------------------------------------------------
 */

void arguments(void)
{
	check("r0", ram[R0], 0, 0);
	check("r1", ram[R1], ~0u, 0);
	check("r2", ram[R2], 0x08001000, 0);
}

/* --- times -------------------------------------------------------------------------------------
 */

static void line_rate(void)
{
	uint32_t from, i;

	while (!(USART_SR & USART_TC))
		;
	from = now();
	for (i = 0; i < 32; i++)
		put('.');
	while (!(USART_SR & USART_TC))
		;
	from = now() - from;
	put('\n');
	check("32 characters", from, 320 * BAUD_DIVIDER, BAUD_DIVIDER);
}

static void core_rate(void)
{
	uint32_t from;

	REG(0xe000e014) = 0xffffff; /* SYST_RVR, CVR, CSR */
	REG(0xe000e018) = 0;
	REG(0xe000e010) = 5;
	from = REG(0xe000e018);
	wait(100000);
	check("core", (from - REG(0xe000e018)) & 0xffffff, 100000 * (CORE_HZ / CLOCK), 1000);
}

/* Printing takes thousands of ticks, so everything is measured first. */
static void prescalers(void)
{
	uint32_t from, fast, flags, slow, quiet;

	REG(TIM(3) + TIM_PSC) = 99;
	REG(TIM(3) + TIM_CR1) = 1;
	from = REG(TIM(3) + TIM_CNT);
	wait(10000);
	fast = REG(TIM(3) + TIM_CNT) - from;
	REG(TIM(3) + TIM_EGR) = 1;
	flags = REG(TIM(3) + TIM_SR) & 1;
	REG(TIM(3) + TIM_SR) = 0;
	wait(100000);
	slow = REG(TIM(3) + TIM_CNT);
	quiet = REG(TIM(3) + TIM_SR) & 1;
	check("TIM2 has 32 bits", REG(TIM(2) + TIM_ARR), ~0u, 0);
	check("TIM3 has 16 bits", REG(TIM(3) + TIM_ARR), 0xffff, 0);
	check("a prescaler waits for an update", fast, 10000, 100);
	check("which sets UIF", flags, 1, 0);
	check("and divides", slow, 1000, 2);
	check("without an overflow", quiet, 0, 0);
}

static void one_pulse(void)
{
	REG(TIM(3) + TIM_CR1) = 0;
	REG(TIM(3) + TIM_CNT) = 0;
	REG(TIM(3) + TIM_ARR) = 99;
	REG(TIM(3) + TIM_CR1) = 9;
	wait(20000);
	check("one pulse ends", REG(TIM(3) + TIM_CR1), 8, 0);
	check("at an overflow", REG(TIM(3) + TIM_SR) & 1, 1, 0);
	check("with 0", REG(TIM(3) + TIM_CNT), 0, 0);
}

/* One channel compares once a period, whatever happened before. */
static void compare(void)
{
	NVIC_ISER(TIM2_IRQ) = 1 << TIM2_IRQ % 32;
	REG(TIM(2) + TIM_SR) = 0;
	REG(TIM(2) + TIM_CCR1) = now() + 50000;
	REG(TIM(2) + TIM_DIER) = 2;
	ram[COUNT] = 0;
	wait(40000);
	check("no compare yet", ram[COUNT], 0, 0);
	wait(20000);
	check("one compare", ram[COUNT], 1, 0);
	check("in time", ram[LATE], 100, 100);
	REG(TIM(2) + TIM_DIER) = 0;
}

static void overflows(void)
{
	NVIC_ISER(TIM3_IRQ) = 1 << TIM3_IRQ % 32;
	REG(TIM(3) + TIM_CR1) = 0;
	REG(TIM(3) + TIM_ARR) = 99;
	REG(TIM(3) + TIM_PSC) = 99;
	REG(TIM(3) + TIM_EGR) = 1;
	REG(TIM(3) + TIM_SR) = 0;
	REG(TIM(3) + TIM_DIER) = 1;
	ram[COUNT] = 0;
	REG(TIM(3) + TIM_CR1) = 1;
	wait(1000000);
	check("overflows", ram[COUNT], 100, 1);
	REG(TIM(3) + TIM_CR1) = 0;
}

void times(void)
{
	RCC_APB1ENR |= 1 << 1; /* TIM3 */
	line_rate();
	core_rate();
	prescalers();
	one_pulse();
	compare();
	overflows();
}

/* --- the receiver ------------------------------------------------------------------------------
 */

/* 64 characters at full speed, by interrupt: none is lost. */
void receive(void)
{
	ram[COUNT] = ram[LOST] = 0;
	ram[NEXT] = '0';
	NVIC_ISER(USART_IRQ) = 1 << USART_IRQ % 32;
	console_on(USART_RE | USART_RXNEIE);
	while (ram[COUNT] < 64)
		;
	check("all characters in their order", ram[LOST], 0, 0);
	USART_CR1 &= ~USART_RXNEIE;
}

/* The first of three is kept, the others are lost. */
void overrun(void)
{
	console_on(USART_RE);
	while (!(USART_SR & USART_RXNE))
		;
	check("no overrun with one", USART_SR & USART_ORE, 0, 0);
	wait(50 * BAUD_DIVIDER);
	check("an overrun with three", USART_SR & USART_ORE, USART_ORE, 0);
	check("the first is there", USART_RDR, '0', 0);
	check("and no other", USART_SR & USART_RXNE, 0, 0);
#if defined(STM32F7)
	check("reading does not clear it", USART_SR & USART_ORE, USART_ORE, 0);
	USART_ICR = USART_ORE;
#endif
	check("it is cleared", USART_SR & USART_ORE, 0, 0);
}

/* --- faults ------------------------------------------------------------------------------------
 */

static void expect(const char *name, uint32_t bits)
{
	check(name, ram[FAULTED] & bits, bits, 0);
	ram[FAULTED] = 0;
}

/* Calls what should not be executable; the handler returns to the caller. */
static void call(uint32_t address)
{
	*(volatile uint16_t *)address = 0x4770; /* bx lr */
	__asm__ volatile("dsb\n\tisb\n\tblx %0" ::"r"(address | 1) : "lr", "memory");
}

void faults(void)
{
	uint32_t before = REG(0x08000000);

	SCB_SHCSR |= 7 << 16;
	ram[FAULTED] = 0;
	(void)REG(0x08000000 + FLASH_KIB * 1024 - 4);
	check("the last word of the flash", ram[FAULTED], 0, 0);
	(void)REG(0x08000000 + FLASH_KIB * 1024);
	expect("behind the flash", 1 << 9);
	(void)REG(0x20000000 + 1024 * 1024);
	expect("behind the RAM", 1 << 9);
	(void)REG(0x4000f000);
	expect("between APB1 and APB2", 1 << 9);
	call(0x20001000);
	check("RAM is executable", ram[FAULTED], 0, 0);
	call(0x40024000); /* backup SRAM: its clock is off */
	expect("peripherals are not", 1 << 0);
	REG(0x08000000) = ~before;
	check("flash is not written to", REG(0x08000000), before, 0);
#if defined(CCM)
	REG(0x10000010) = 0x12345678;
	check("CCM has data", REG(0x10000010), 0x12345678, 0);
	call(0x10000000);
	expect("and is not executable", 1 << 8);
#endif
}

#if defined(SDRAM_BASE)
/*
 * Without privileges, as programs are, with a stack in SDRAM: a word is copied to the end of SDRAM
 * and code is called that returns.
 */
static void as_a_program(uint32_t word, uint32_t code)
{
	__asm__ volatile("dsb\n\tmov r4, sp\n\tmov sp, %1\n\tmsr control, %0\n\tisb\n\t"
			 "ldr r5, [%2]\n\tstr r5, [%3]\n\tblx %4\n\tsvc #0\n\tmov sp, r4" ::"r"(1),
			 "r"(SDRAM_BASE + 0x8000), "r"(word), "r"(SDRAM_BASE + SDRAM_SIZE - 4),
			 "r"(code | 1)
			 : "r4", "r5", "lr", "memory");
}

/* The first and the last word are different ones, and it is executable, for programs as well. */
void sdram(void)
{
	volatile uint32_t *first = &REG(SDRAM_BASE), *last = &REG(SDRAM_BASE + SDRAM_SIZE - 4);

	SCB_SHCSR |= 7 << 16;
	ram[FAULTED] = 0;
	*first = 0x01234567;
	*last = 0x89abcdef;
	check("first word", *first, 0x01234567, 0);
	check("last word", *last, 0x89abcdef, 0);
	call(SDRAM_BASE + 0x1000);
	check("SDRAM is executable", ram[FAULTED], 0, 0);
	*(volatile uint16_t *)(SDRAM_BASE + 0x2000) = 0x4770; /* bx lr */
	as_a_program(0x08004000, SDRAM_BASE + 0x2000);
	check("flash copied", *last, REG(0x08004000), 0);
	check("for programs as well", ram[FAULTED], 0, 0);
#if defined(QSPI)
	/* It begins with two instructions that return, and is erased behind them. */
	check("last word of the QSPI flash", REG(0x90000000 + (1u << QSPI) - 4), ~0u, 0);
	as_a_program(0x90000000, 0x90000000);
	check("QSPI flash copied", *last, 0x47704770, 0);
	check("and executable", ram[FAULTED], 0, 0);
	REG(0x90000000) = 0;
	expect("and cannot be written to", 1 << 1);
	(void)REG(0x90000000 + (1u << QSPI));
	expect("behind the QSPI flash", 1 << 9);
	RCC_AHB3ENR &= ~(1 << 1);
	(void)REG(0x90000000);
	expect("QSPI flash without its clock", 1 << 9);
#endif
	RCC_AHB3ENR &= ~(1 << 0);
	(void)REG(0xb0000000 + SDRAM * 0x10000000u);
	expect("SDRAM without its clock", 1 << 9);
}
#endif

/* --- vectors -----------------------------------------------------------------------------------
 */

/* A precise fault of data goes on behind the instruction, one of a fetch at the caller. */
__attribute__((used)) static void fault(uint32_t *frame)
{
	ram[FAULTED] = SCB_CFSR;
	SCB_CFSR = ~0u;
	if (ram[FAULTED] & (1 << 0 | 1 << 8))
		frame[6] = frame[5] & ~1u;
	else
		frame[6] += (*(uint16_t *)frame[6] >> 11) >= 0x1d ? 4 : 2;
}

static __attribute__((naked)) void on_fault(void)
{
	__asm__("mov r0, sp\n\tb fault");
}

static void on_svc(void)
{
	__asm__ volatile("msr control, %0\n\tisb" ::"r"(0));
}

static void on_tim2(void)
{
	REG(TIM(2) + TIM_SR) = 0;
	ram[LATE] = now() - REG(TIM(2) + TIM_CCR1);
	ram[COUNT]++;
}

static void on_tim3(void)
{
	REG(TIM(3) + TIM_SR) = 0;
	ram[COUNT]++;
}

static void on_usart(void)
{
	uint32_t c = USART_RDR;

	ram[LOST] += c != ram[NEXT];
	ram[NEXT] = c + 1;
	ram[COUNT]++;
}

static const void *const table[64] __attribute__((aligned(512))) = {[3] = on_fault,
	[4] = on_fault,
	[5] = on_fault,
	[6] = on_fault,
	[11] = on_svc,
	[16 + TIM2_IRQ] = on_tim2,
	[16 + TIM3_IRQ] = on_tim3,
	[16 + USART_IRQ] = on_usart};

#if defined(CCM)
/* No vector can be fetched from CCM, not even that of the fault that this is. */
void vectors_in_ccm(void)
{
	uint32_t i;

	for (i = 0; i < 64; i++)
		REG(0x10000000 + 4 * i) = (uint32_t)table[i];
	print("ok so far\n");
	SCB_VTOR = 0x10000000;
	__asm__ volatile("dsb\n\tsvc #0");
	print("not ok a vector in CCM\n");
}
#endif

__attribute__((section(".vectors"), used)) void entry(uint32_t r0, uint32_t r1, uint32_t r2)
{
	ram[R0] = r0;
	ram[R1] = r1;
	ram[R2] = r2;
	SCB_VTOR = (uint32_t)table;
	REG(TIM(2) + TIM_EGR) = 1;
	REG(TIM(2) + TIM_CR1) = 1;
	console_on(0);
	TEST();
	end();
}
