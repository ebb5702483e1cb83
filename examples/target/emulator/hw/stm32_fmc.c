/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SDRAM at the FMC of a board: RM0090, RM0385 and RM0410 "Flexible memory controller (FMC)",
 * "SDRAM controller". It is not there before it was initialised as "SDRAM initialization" wants:
 * clock, precharge, refresh, mode register, refresh rate, and with all of its pins.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "qapi/error.h"
#include "qemu/units.h"
#include "stm32.h"

#define SDCR1 0x140
#define SDRTR 0x154

enum { R_SDCR1, R_SDCR2, R_SDTR1, R_SDTR2, R_SDCMR, R_SDRTR };

#define STEP_CLOCK     1u
#define STEP_PRECHARGE 2u
#define STEP_REFRESH   4u
#define STEP_MODE      8u

static uint32_t fmc_control(Stm32Chip *s)
{
	return s->fmc.reg[R_SDCR1 + s->chip->sdram.bank - 1];
}

static void check_geometry(Stm32Chip *s)
{
	const struct stm32_sdram *ram = &s->chip->sdram;
	uint32_t control = fmc_control(s);
	uint32_t want =
		(ram->columns - 8) | (ram->rows - 11) << 2 | (ram->width / 16) << 4 | 1 << 6;

	if ((control & 0x7f) != want)
		stm32_broken("SDCR has 0x%02x for the geometry of the SDRAM, which is 0x%02x",
			control & 0x7f, want);
	if (!(s->fmc.reg[R_SDCR1] >> 10 & 2))
		stm32_broken("SDRAM has no clock (SDCR1)");
}

static void check_pins(Stm32Chip *s)
{
	unsigned port, pin;

	for (port = 0; port < STM32_PORTS; port++) {
		const uint32_t *reg = s->block[STM32_GPIO + port].reg;

		for (pin = 0; pin < 16; pin++) {
			if (!(s->chip->sdram.pins[port] >> pin & 1))
				continue;
			if ((reg[0] >> pin * 2 & 3) != 2 ||
				(reg[8 + pin / 8] >> pin % 8 * 4 & 15) != 12)
				stm32_broken("pin P%c%u is not the SDRAM's", 'A' + port, pin);
			if ((reg[2] >> pin * 2 & 3) < 2)
				stm32_broken(
					"pin P%c%u is too slow for the SDRAM", 'A' + port, pin);
		}
	}
}

/* All rows within 64 ms. */
static void check_refresh(Stm32Chip *s)
{
	uint64_t count = s->fmc.reg[R_SDRTR] >> 1 & 0x1fff;
	uint64_t hz = clock_get_hz(s->hclk) / (s->fmc.reg[R_SDCR1] >> 10 & 3);

	if (!count || (count + 1) * 1000000 / hz * (1u << s->chip->sdram.rows) > 64000)
		stm32_broken("SDRAM is refreshed too seldom (SDRTR 0x%x)", s->fmc.reg[R_SDRTR]);
}

/* "SDRAM Command Mode register" */
static void fmc_command(Stm32Chip *s, uint32_t value)
{
	struct stm32_fmc *fmc = &s->fmc;
	static const uint8_t before[] = {0, 0, STEP_CLOCK, STEP_CLOCK | STEP_PRECHARGE,
		STEP_CLOCK | STEP_PRECHARGE | STEP_REFRESH};
	unsigned mode = value & 7;

	if (!(value >> (s->chip->sdram.bank == 1 ? 4 : 3) & 1))
		stm32_broken("the command 0x%x is not for the bank of the SDRAM", value);
	if (mode > 4)
		stm32_broken("the SDRAM's mode %u is not modelled", mode);
	if (mode && (fmc->done & before[mode]) != before[mode])
		stm32_broken("the command 0x%x comes too early for the SDRAM", value);
	switch (mode) {
	case 1:
		check_geometry(s);
		fmc->done |= STEP_CLOCK;
		break;
	case 2:
		fmc->done |= STEP_PRECHARGE;
		break;
	case 3:
		fmc->refreshes += (value >> 5 & 15) + 1;
		if (fmc->refreshes >= 2)
			fmc->done |= STEP_REFRESH;
		break;
	case 4: /* its CAS latency is that of the controller */
		if ((value >> 9 >> 4 & 7) != (fmc_control(s) >> 7 & 3))
			stm32_broken("SDRAM and controller disagree on the CAS latency");
		fmc->done |= STEP_MODE;
		break;
	}
}

/* The RAM is there when it is initialised, and as long as the controller has its clock. */
void stm32_fmc_update(Stm32Chip *s)
{
	if (s->chip->sdram.bank)
		memory_region_set_enabled(&s->fmc.ram,
			s->fmc.ready && *stm32_reg(s, STM32_RCC, RCC_AHB3ENR) & 1 << 0);
}

static uint64_t fmc_read(void *opaque, hwaddr addr, unsigned size)
{
	Stm32Chip *s = opaque;

	return addr >= SDCR1 && addr <= SDRTR ? s->fmc.reg[(addr - SDCR1) / 4] : 0;
}

static void fmc_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
	Stm32Chip *s = opaque;
	unsigned r = (addr - SDCR1) / 4;

	if (addr < SDCR1 || addr > SDRTR)
		return;
	s->fmc.reg[r] = value;
	if (r == R_SDCMR)
		fmc_command(s, value);
	if (r != R_SDRTR)
		return;
	if (!(s->fmc.done & STEP_MODE))
		stm32_broken("the refresh rate comes too early for the SDRAM");
	check_pins(s);
	check_refresh(s);
	s->fmc.ready = true;
	stm32_fmc_update(s);
}

static const MemoryRegionOps fmc_ops = {
	.read = fmc_read,
	.write = fmc_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.impl = {.min_access_size = 4, .max_access_size = 4},
};

void stm32_fmc_reset(Stm32Chip *s)
{
	if (!s->chip->sdram.bank)
		return;
	memset(s->fmc.reg, 0, sizeof(s->fmc.reg));
	s->fmc.done = s->fmc.refreshes = 0;
	s->fmc.ready = false;
	stm32_fmc_update(s);
	memory_region_set_enabled(&s->fmc.remapped, false);
}

void stm32_fmc_realize(Stm32Chip *s)
{
	const struct stm32_sdram *ram = &s->chip->sdram;
	uint64_t size = (4ull * ram->width / 8) << (ram->rows + ram->columns);
	MemoryRegion *memory = get_system_memory();

	if (!ram->bank)
		return;
	memory_region_init_io(&s->fmc.mmio, OBJECT(s), &fmc_ops, s, "stm32-fmc", 0x400);
	memory_region_add_subregion(memory, 0xa0000000, &s->fmc.mmio);
	stm32_gate_add(s, "FMC", 0xa0000000, 0x400, RCC_AHB3ENR, 0);
	memory_region_init_ram(&s->fmc.ram, OBJECT(s), "stm32.sdram", size, &error_fatal);
	memory_region_add_subregion(memory, 0xb0000000 + ram->bank * 0x10000000u, &s->fmc.ram);
	/* "SYSCFG memory remap register": what is in front at 0, or the banks swapped. */
	memory_region_init_alias(
		&s->fmc.remapped, OBJECT(s), "stm32.sdram-remapped", &s->fmc.ram, 0, size);
	memory_region_add_subregion_overlap(
		memory, ram->bank == 2 ? 0x90000000 : 0, &s->fmc.remapped, 1);
	stm32_fmc_reset(s); /* the processor reads its vectors before devices are reset */
}
