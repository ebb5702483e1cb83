/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks of an STM32F4 or STM32F7: RM0090, RM0385, RM0410, RM0430 "Reset and clock control (RCC)",
 * "Power controller (PWR)" and of "Embedded Flash memory" the section on wait states.
 *
 * Oscillators, PLL and over-drive take the time that data sheets say they may take at most. A core
 * or a bus that is too fast, or too few wait states, are the end: the chip would execute what
 * nobody wrote.
 */
#include "qemu/osdep.h"
#include "hw/qdev-clock.h"
#include "exec/address-spaces.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "stm32.h"

#define CR_HSION  (1u << 0)
#define CR_HSEON  (1u << 16)
#define CR_PLLON  (1u << 24)
#define CR_OTHERS (1u << 26 | 1u << 28) /* PLLI2S and PLLSAI */

#define PLLCFGR_HSE (1u << 22)

#define PWR_CR    0x00
#define PWR_CSR   0x04
#define CR_ODEN   (1u << 16)
#define CR_ODSWEN (1u << 17)
#define CR_VOS    (3u << 14)

/* ns until they are ready: data sheets of the STM32F429 and F746, "Electrical characteristics". */
#define HSE_NS 2000000
#define PLL_NS 300000
#define OD_NS  100000

#define HSI_HZ 16000000

static int64_t stm32_now(void)
{
	return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void say(void (*report)(const char *format, ...), const char *format, va_list args)
{
	char *text = g_strdup_vprintf(format, args);

	report("stm32: %s", text);
	g_free(text);
}

void stm32_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(warn_report, format, args);
	va_end(args);
}

void stm32_broken(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(error_report, format, args);
	exit(1);
}

/* --- what is ready -----------------------------------------------------------------------------
 */

static bool hse_ready(Stm32Chip *s)
{
	return *stm32_reg(s, STM32_RCC, RCC_CR) & CR_HSEON && s->crystal &&
	       stm32_now() >= s->hse_at;
}

static bool pll_ready(Stm32Chip *s)
{
	return *stm32_reg(s, STM32_RCC, RCC_CR) & CR_PLLON && stm32_now() >= s->pll_at;
}

static bool od_ready(Stm32Chip *s)
{
	return *stm32_reg(s, STM32_PWR, PWR_CR) & CR_ODEN && s->chip->hclk_od[3] &&
	       stm32_now() >= s->od_at;
}

static bool od_switched(Stm32Chip *s)
{
	return od_ready(s) && *stm32_reg(s, STM32_PWR, PWR_CR) & CR_ODSWEN &&
	       stm32_now() >= s->odsw_at;
}

/* --- rates -------------------------------------------------------------------------------------
 */

static uint64_t pll_hz(Stm32Chip *s)
{
	uint32_t pll = *stm32_reg(s, STM32_RCC, RCC_PLLCFGR);
	uint64_t in = pll & PLLCFGR_HSE ? s->chip->hse : HSI_HZ;
	unsigned m = pll & 63, n = pll >> 6 & 511, p = 2 * (pll >> 16 & 3) + 2;

	return m < 2 ? 0 : in / m * n / p;
}

/* "RCC PLL configuration register": what M and N must make of the source. */
static void pll_check(Stm32Chip *s)
{
	uint32_t pll = *stm32_reg(s, STM32_RCC, RCC_PLLCFGR);
	uint64_t in = pll & PLLCFGR_HSE ? s->chip->hse : HSI_HZ;
	unsigned m = pll & 63, n = pll >> 6 & 511;

	if (pll & PLLCFGR_HSE && !hse_ready(s))
		stm32_broken("the PLL is started on HSE, which is not ready");
	if (m < 2 || in / m < 950000 || in / m > 2100000)
		stm32_broken("the PLL's input is not 1 to 2 MHz (PLLCFGR 0x%08x)", pll);
	if (n < 50 || n > 432 || in / m * n < 100000000 || in / m * n > 432000000)
		stm32_broken("the PLL's VCO is not at 100 to 432 MHz (PLLCFGR 0x%08x)", pll);
}

static uint64_t source_hz(Stm32Chip *s, unsigned source)
{
	switch (source) {
	case 1:
		return s->chip->hse;
	case 2:
		return pll_hz(s);
	default:
		return HSI_HZ;
	}
}

static bool source_ready(Stm32Chip *s, unsigned source)
{
	switch (source) {
	case 0:
		return *stm32_reg(s, STM32_RCC, RCC_CR) & CR_HSION;
	case 1:
		return hse_ready(s);
	case 2:
		return pll_ready(s);
	default:
		return false;
	}
}

static void limit(const char *name, uint64_t hz, uint64_t max)
{
	if (hz > max)
		stm32_broken("%s is at %" PRIu64 " Hz, the limit is %" PRIu64, name, hz, max);
}

/* "Number of wait states according to CPU clock frequency", 2.7 to 3.6 V. */
static void check_wait_states(Stm32Chip *s, uint64_t hz)
{
	unsigned states = *stm32_reg(s, STM32_FLASH, 0) & 15;

	if (hz > (states + 1) * (uint64_t)s->chip->per_wait)
		stm32_broken("%u flash wait states are too few for %" PRIu64 " Hz", states, hz);
}

static void set_rates(Stm32Chip *s, uint64_t hz)
{
	static const uint8_t ahb_shift[] = {1, 2, 3, 4, 6, 7, 8, 9};
	uint32_t cfgr = *stm32_reg(s, STM32_RCC, RCC_CFGR);
	unsigned vos = (*stm32_reg(s, STM32_PWR, PWR_CR) & CR_VOS) >> 14, i, apb[2];
	bool od = od_switched(s);
	uint64_t bus[2], tim;

	if (cfgr & 0x80)
		hz >>= ahb_shift[cfgr >> 4 & 7];
	check_wait_states(s, hz);
	limit("the core", hz, od ? s->chip->hclk_od[vos] : s->chip->hclk[vos]);
	for (i = 0; i < 2; i++) {
		apb[i] = cfgr >> (i ? 13 : 10) & 7;
		bus[i] = hz >> (apb[i] & 4 ? (apb[i] & 3) + 1 : 0);
		limit(i ? "APB2" : "APB1", bus[i], od ? s->chip->pclk_od[i] : s->chip->pclk[i]);
		clock_update_hz(s->pclk[i], bus[i]);
	}
	/* "RCC dedicated clocks configuration register", TIMPRE: how much faster timers are. */
	if (*stm32_reg(s, STM32_RCC, RCC_DCKCFGR) & 1 << 24)
		tim = apb[0] & 4 && apb[0] > 5 ? bus[0] * 4 : hz;
	else
		tim = apb[0] & 4 ? bus[0] * 2 : bus[0];
	clock_update_hz(s->hclk, hz);
	clock_update_hz(s->timclk, tim);
}

/* The clock tree as the registers have it; what is not ready yet is looked at again. */
void stm32_clocks_update(Stm32Chip *s)
{
	uint32_t *cfgr = stm32_reg(s, STM32_RCC, RCC_CFGR);
	int64_t times[] = {s->hse_at, s->pll_at, s->od_at, s->odsw_at}, next = INT64_MAX;
	unsigned i;

	/* "System clock (SYSCLK) selection": a switch waits for its target. */
	if (source_ready(s, *cfgr & 3))
		*cfgr = (*cfgr & ~0xcu) | (*cfgr & 3) << 2;
	if (!source_ready(s, *cfgr >> 2 & 3))
		stm32_broken("the clock of the core is turned off");
	set_rates(s, source_hz(s, *cfgr >> 2 & 3));
	for (i = 0; i < ARRAY_SIZE(times); i++)
		if (times[i] > stm32_now())
			next = MIN(next, times[i]);
	if (next != INT64_MAX)
		timer_mod(s->ready, next);
}

static void clocks_ready(void *opaque)
{
	stm32_clocks_update(opaque);
}

/* --- gates and resets --------------------------------------------------------------------------
 */

static void gate_tell(struct stm32_gate *gate, const char *what, hwaddr addr)
{
	if (!gate->told)
		stm32_warn("%s is %s at offset 0x%x while its clock is off", gate->name, what,
			(unsigned)addr);
	gate->told = true;
}

static uint64_t gate_read(void *opaque, hwaddr addr, unsigned size)
{
	gate_tell(opaque, "read", addr);
	return 0;
}

static void gate_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
	gate_tell(opaque, "written", addr);
}

/* "Peripheral clock enable registers": reads are 0 then, writes are lost. */
static const MemoryRegionOps gate_ops = {
	.read = gate_read,
	.write = gate_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
};

struct stm32_gate *stm32_gate_add(
	Stm32Chip *s, const char *name, hwaddr base, uint64_t size, unsigned enr, unsigned bit)
{
	struct stm32_gate *gate = &s->gate[s->gates++];

	g_assert(s->gates <= STM32_GATES);
	pstrcpy(gate->name, sizeof(gate->name), name);
	gate->enr = enr;
	gate->bit = bit;
	memory_region_init_io(&gate->closed, OBJECT(s), &gate_ops, gate, name, size);
	memory_region_add_subregion_overlap(get_system_memory(), base, &gate->closed, 2);
	return gate;
}

static void gates_update(Stm32Chip *s)
{
	unsigned i;

	for (i = 0; i < s->gates; i++) {
		struct stm32_gate *gate = &s->gate[i];
		bool open = *stm32_reg(s, STM32_RCC, gate->enr) >> gate->bit & 1;

		gate->told &= !open;
		memory_region_set_enabled(&gate->closed, !open);
	}
	stm32_fmc_update(s);
	stm32_qspi_update(s);
}

/* "Peripheral reset registers": they lie in front of those of the gates, bit by bit the same. */
static void resets_update(Stm32Chip *s)
{
	unsigned i;

	for (i = 0; i < s->gates; i++) {
		struct stm32_gate *gate = &s->gate[i];
		uint32_t reset = *stm32_reg(s, STM32_RCC, gate->enr - RCC_AHB1ENR + RCC_AHB1RSTR);

		if (gate->dev && reset >> gate->bit & 1)
			device_cold_reset(gate->dev);
	}
}

/* --- registers ---------------------------------------------------------------------------------
 */

uint32_t stm32_rcc_read(Stm32Chip *s, hwaddr addr)
{
	uint32_t value = *stm32_reg(s, STM32_RCC, addr);

	switch (addr) {
	case RCC_CR:
		value &= ~(1u << 1 | 1u << 17 | 1u << 25 | CR_OTHERS << 1);
		value |= (value & (CR_HSION | CR_OTHERS)) << 1;
		value |= (hse_ready(s) ? 1u << 17 : 0) | (pll_ready(s) ? 1u << 25 : 0);
		break;
	case RCC_BDCR:
	case RCC_CSR: /* LSE and LSI */
		value = (value & ~2u) | (value & 1) << 1;
		break;
	}
	return value;
}

void stm32_rcc_write(Stm32Chip *s, hwaddr addr, uint32_t old)
{
	uint32_t *reg = stm32_reg(s, STM32_RCC, addr);

	switch (addr) {
	case RCC_CR:
		if (*reg & ~old & CR_HSEON)
			s->hse_at = stm32_now() + HSE_NS;
		if (*reg & ~old & CR_PLLON) {
			pll_check(s);
			s->pll_at = stm32_now() + PLL_NS;
		}
		break;
	case RCC_PLLCFGR:
		if (*reg != old && *stm32_reg(s, STM32_RCC, RCC_CR) & CR_PLLON) {
			stm32_warn("PLLCFGR is not changed: the PLL is on");
			*reg = old;
		}
		break;
	case RCC_CFGR: /* SWS is read only */
		*reg = (*reg & ~0xcu) | (old & 0xc);
		break;
	}
	if (addr >= RCC_AHB1RSTR && addr < RCC_AHB1ENR && *reg & ~old)
		resets_update(s);
	stm32_clocks_update(s);
	gates_update(s);
}

uint32_t stm32_pwr_read(Stm32Chip *s, hwaddr addr)
{
	uint32_t value = *stm32_reg(s, STM32_PWR, addr);

	if (addr == PWR_CSR)
		value |= 1u << 14 | (od_ready(s) ? 1u << 16 : 0) | (od_switched(s) ? 1u << 17 : 0);
	return value;
}

void stm32_pwr_write(Stm32Chip *s, hwaddr addr, uint32_t old)
{
	uint32_t *reg = stm32_reg(s, STM32_PWR, addr);

	if (addr != PWR_CR)
		return;
	if ((*reg ^ old) & CR_VOS && *stm32_reg(s, STM32_RCC, RCC_CR) & CR_PLLON) {
		stm32_warn("the voltage scale is not changed: the PLL is on");
		*reg = (*reg & ~CR_VOS) | (old & CR_VOS);
	}
	if (*reg & ~old & CR_ODEN)
		s->od_at = stm32_now() + OD_NS;
	if (*reg & ~old & CR_ODSWEN) {
		if (!od_ready(s))
			stm32_broken("over-drive is switched to before it is ready");
		s->odsw_at = stm32_now() + OD_NS;
	}
	stm32_clocks_update(s);
}

void stm32_rcc_reset(Stm32Chip *s)
{
	*stm32_reg(s, STM32_RCC, RCC_CR) = 0x83;
	*stm32_reg(s, STM32_RCC, RCC_PLLCFGR) = 0x24003010;
	/* Linux warns of the dividers of these when they are 0. */
	*stm32_reg(s, STM32_RCC, RCC_PLLI2SCFGR) = 0x24003000;
	*stm32_reg(s, STM32_RCC, RCC_PLLSAICFGR) = 0x24003000;
	*stm32_reg(s, STM32_RCC, RCC_AHB1ENR) = 1u << 20; /* CCM or DTCM */
	*stm32_reg(s, STM32_RCC, RCC_CSR) = 0x0e000000;
	*stm32_reg(s, STM32_PWR, PWR_CR) = CR_VOS;
	s->hse_at = s->pll_at = s->od_at = s->odsw_at = 0;
	stm32_clocks_update(s);
	gates_update(s);
}

void stm32_rcc_realize(Stm32Chip *s)
{
	s->ready = timer_new_ns(QEMU_CLOCK_VIRTUAL, clocks_ready, s);
}
