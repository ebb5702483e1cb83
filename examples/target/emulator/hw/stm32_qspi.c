/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NOR flash at the QUADSPI of a board: RM0385 "Quad-SPI interface (QUADSPI)". It is there once
 * memory-mapped mode reads it as a flash of that kind can be read after it was powered up: with
 * its instruction on one line, for the N25Q128A of the 32F746GDISCOVERY by its data sheet,
 * "Command set" and "Supported clock frequencies". Indirect and polling mode are not modelled.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/loader.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "stm32.h"

#define QSPI_BASE 0x90000000

enum { R_CR = 0x00 / 4, R_DCR = 0x04 / 4, R_SR = 0x08 / 4, R_CCR = 0x14 / 4 };

#define CR_EN        (1u << 0)
#define CR_DFM       (1u << 6)
#define CCR_DDR      (3u << 30) /* DHHC and DDRM */
#define CCR_MAPPED   (3u << 26)
#define CCR_PROTOCOL 0x03ffff00u /* all but FMODE, SIOO and the instruction */

/* How CCR reads three bytes of address, then data: IMODE 1, ADMODE 1, ADSIZE 2. */
#define READ(dmode, dummies) ((dmode) << 24 | (dummies) << 18 | 2 << 12 | 1 << 10 | 1 << 8)

static const struct {
	uint8_t instruction;
	uint32_t protocol, hz;
} reads[] = {
	{0x03, READ(1u, 0), 54000000},
	{0x0b, READ(1u, 8), 108000000},
	{0x3b, READ(2u, 8), 108000000},
};

/* "QUADSPI pins": port, pin, alternate function. */
static const struct {
	char port;
	uint8_t pin, function;
} pins[] = {{'B', 2, 9}, {'B', 6, 10}, {'D', 11, 9}, {'D', 12, 9}, {'D', 13, 9}, {'E', 2, 9}};

static void check_pins(Stm32Chip *s)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(pins); i++) {
		const uint32_t *reg = s->block[STM32_GPIO + pins[i].port - 'A'].reg;
		unsigned pin = pins[i].pin;

		if ((reg[0] >> pin * 2 & 3) != 2 ||
			(reg[8 + pin / 8] >> pin % 8 * 4 & 15) != pins[i].function)
			stm32_broken("pin P%c%u is not the QUADSPI's", pins[i].port, pin);
		if ((reg[2] >> pin * 2 & 3) < 2)
			stm32_broken("pin P%c%u is too slow for the QUADSPI", pins[i].port, pin);
	}
}

/* What is written to CCR is how the flash is read from then on. */
static void start_mapped(Stm32Chip *s)
{
	const uint32_t *reg = s->qspi.reg;
	uint64_t hz = clock_get_hz(s->hclk) / ((reg[R_CR] >> 24) + 1);
	unsigned i;

	if (!(reg[R_CR] & CR_EN))
		stm32_broken("the QUADSPI is mapped before it is on");
	check_pins(s);
	if (2ull << (reg[R_DCR] >> 16 & 31) != s->chip->qspi * MiB)
		stm32_broken(
			"DCR 0x%08x is not for a QSPI flash of %u MiB", reg[R_DCR], s->chip->qspi);
	for (i = 0; i < ARRAY_SIZE(reads); i++)
		if ((reg[R_CCR] & 0xff) == reads[i].instruction)
			break;
	if (i == ARRAY_SIZE(reads) || reg[R_CR] & CR_DFM || reg[R_CCR] & CCR_DDR ||
		(reg[R_CCR] & CCR_PROTOCOL) != reads[i].protocol)
		stm32_broken("the QSPI flash does not understand CCR 0x%08x", reg[R_CCR]);
	if (hz > reads[i].hz)
		stm32_broken("the QSPI flash is read at %" PRIu64 " Hz, its limit is %u", hz,
			reads[i].hz);
	/* Its chip select is high for 20 ns at least between two reads. */
	if (((reg[R_DCR] >> 8 & 7) + 1) * 1000000000ull < 20 * hz)
		stm32_broken("the QSPI flash is deselected for less than 20 ns");
	s->qspi.ready = true;
	stm32_qspi_update(s);
}

/* It is there when it is mapped, and as long as the controller has its clock. */
void stm32_qspi_update(Stm32Chip *s)
{
	if (s->chip->qspi)
		memory_region_set_enabled(&s->qspi.flash,
			s->qspi.ready && *stm32_reg(s, STM32_RCC, RCC_AHB3ENR) & 1 << 1);
}

static uint64_t qspi_read(void *opaque, hwaddr addr, unsigned size)
{
	Stm32Chip *s = opaque;

	return addr / 4 < STM32_QSPI_REGISTERS ? s->qspi.reg[addr / 4] : 0;
}

static void qspi_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
	Stm32Chip *s = opaque;
	unsigned r = addr / 4;

	if (r >= STM32_QSPI_REGISTERS || r == R_SR)
		return;
	s->qspi.reg[r] = value;
	s->qspi.ready &= s->qspi.reg[R_CR] & CR_EN;
	stm32_qspi_update(s);
	if (r != R_CCR)
		return;
	if ((value & CCR_MAPPED) == CCR_MAPPED)
		start_mapped(s);
	else
		stm32_warn("only the memory-mapped mode of the QUADSPI is modelled");
}

static const MemoryRegionOps qspi_ops = {
	.read = qspi_read,
	.write = qspi_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.impl = {.min_access_size = 4, .max_access_size = 4},
};

static void flash_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
	stm32_warn("the QSPI flash is written to at 0x%08x", QSPI_BASE + (unsigned)addr);
}

static const MemoryRegionOps flash_ops = {.write = flash_write, .endianness = DEVICE_LITTLE_ENDIAN};

void stm32_qspi_reset(Stm32Chip *s)
{
	if (!s->chip->qspi)
		return;
	memset(s->qspi.reg, 0, sizeof(s->qspi.reg));
	s->qspi.ready = false;
	stm32_qspi_update(s);
}

/* Erased, but for what the property "qspi" names. */
static void load_flash(Stm32Chip *s)
{
	uint8_t *flash = memory_region_get_ram_ptr(&s->qspi.flash);
	uint64_t size = s->chip->qspi * MiB;

	memset(flash, 0xff, size);
	if (s->qspi_file && load_image_size(s->qspi_file, flash, size) < 0) {
		error_report("stm32: %s cannot be read to the QSPI flash", s->qspi_file);
		exit(1);
	}
}

void stm32_qspi_realize(Stm32Chip *s)
{
	MemoryRegion *memory = get_system_memory();

	if (!s->chip->qspi)
		return;
	memory_region_init_io(&s->qspi.mmio, OBJECT(s), &qspi_ops, s, "stm32-qspi", 0x400);
	memory_region_add_subregion(memory, 0xa0001000, &s->qspi.mmio);
	stm32_gate_add(s, "QUADSPI", 0xa0001000, 0x400, RCC_AHB3ENR, 1);
	memory_region_init_rom_device(&s->qspi.flash, OBJECT(s), &flash_ops, s, "stm32.qspi",
		s->chip->qspi * MiB, &error_fatal);
	memory_region_add_subregion(memory, QSPI_BASE, &s->qspi.flash);
	load_flash(s);
	stm32_qspi_reset(s);
}
