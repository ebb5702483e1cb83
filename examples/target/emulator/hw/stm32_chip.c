/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STM32F4 and STM32F7: memories, pins, and the blocks that are registers only. Memory
 * maps: RM0090, RM0385, RM0410, RM0430 "Memory and bus architecture"; pins: data sheets, "Alternate
 * function mapping". Where nothing is, an access ends in a bus fault, as behind the end of flash.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/misc/unimp.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "sysemu/sysemu.h"
#include "stm32.h"

static const struct {
	const char *name;
	uint32_t base;
	uint8_t irq, enr, bit;
} usarts[STM32_USARTS] = {
	{"USART1", 0x40011000, 37, RCC_APB2ENR, 4},
	{"USART2", 0x40004400, 38, RCC_APB1ENR, 17},
	{"USART3", 0x40004800, 39, RCC_APB1ENR, 18},
	{"UART4", 0x40004c00, 52, RCC_APB1ENR, 19},
	{"UART5", 0x40005000, 53, RCC_APB1ENR, 20},
	{"USART6", 0x40011400, 71, RCC_APB2ENR, 5},
};

static const uint8_t tim_irq[STM32_TIMS] = {28, 29, 30, 50};

static const uint32_t block_base[] = {
	0x40023800, 0x40007000, 0x40023c00, 0x40013800, 0x40013c00, 0x40020000};

/* Pins that can send or receive. */
static const struct {
	uint8_t usart;
	char port;
	uint8_t pin, function;
	bool sends;
} usart_pins[] = {
	{1, 'A', 9, 7, true},
	{1, 'A', 10, 7, false},
	{1, 'B', 6, 7, true},
	{1, 'B', 7, 7, false},
	{2, 'A', 2, 7, true},
	{2, 'A', 3, 7, false},
	{2, 'D', 5, 7, true},
	{2, 'D', 6, 7, false},
	{3, 'B', 10, 7, true},
	{3, 'B', 11, 7, false},
	{3, 'C', 10, 7, true},
	{3, 'C', 11, 7, false},
	{3, 'D', 8, 7, true},
	{3, 'D', 9, 7, false},
	{6, 'C', 6, 8, true},
	{6, 'C', 7, 8, false},
	{6, 'G', 14, 8, true},
	{6, 'G', 9, 8, false},
};

#define GPIO_MODER 0x00
#define GPIO_IDR   0x10
#define GPIO_ODR   0x14
#define GPIO_BSRR  0x18
#define GPIO_AFR   0x20

/* Which USARTs do pins belong to? */
static void route_pins(Stm32Chip *s)
{
	unsigned i;

	for (i = 0; i < STM32_USARTS; i++)
		s->usart[i].tx_routed = s->usart[i].rx_routed = false;
	for (i = 0; i < ARRAY_SIZE(usart_pins); i++) {
		unsigned pin = usart_pins[i].pin;
		const uint32_t *reg = s->block[STM32_GPIO + usart_pins[i].port - 'A'].reg;
		Stm32Usart *usart = &s->usart[usart_pins[i].usart - 1];

		if ((reg[GPIO_MODER / 4] >> pin * 2 & 3) != 2)
			continue;
		if ((reg[GPIO_AFR / 4 + pin / 8] >> pin % 8 * 4 & 15) != usart_pins[i].function)
			continue;
		*(usart_pins[i].sends ? &usart->tx_routed : &usart->rx_routed) = true;
	}
}

/* "General-purpose I/Os (GPIO)" */
static void gpio_write(Stm32Chip *s, struct stm32_block *b, hwaddr addr)
{
	if (addr == GPIO_BSRR) {
		uint32_t value = b->reg[GPIO_BSRR / 4];

		b->reg[GPIO_BSRR / 4] = 0;
		b->reg[GPIO_ODR / 4] = (b->reg[GPIO_ODR / 4] & ~(value >> 16)) | (value & 0xffff);
	}
	route_pins(s);
	for (unsigned i = 0; i < STM32_USARTS; i++)
		qemu_chr_fe_accept_input(&s->usart[i].chr);
}

/* "SYSCFG memory remap register": MEM_MODE 4 is SDRAM at 0, SWP_FMC 1 swaps it to 0x90000000. */
static void syscfg_write(Stm32Chip *s, hwaddr addr)
{
	uint32_t value = *stm32_reg(s, STM32_SYSCFG, 0);

	if (addr || !s->chip->sdram.bank)
		return;
	memory_region_set_enabled(&s->fmc.remapped,
		s->chip->sdram.bank == 2 ? (value >> 10 & 3) == 1 : (value & 7) == 4);
}

static uint64_t block_read(void *opaque, hwaddr addr, unsigned size)
{
	struct stm32_block *b = opaque;

	if (b->number == STM32_RCC)
		return stm32_rcc_read(b->soc, addr);
	if (b->number == STM32_PWR)
		return stm32_pwr_read(b->soc, addr);
	if (b->number >= STM32_GPIO && addr == GPIO_IDR)
		return b->reg[GPIO_ODR / 4] & 0xffff;
	return b->reg[addr / 4];
}

static void block_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
	struct stm32_block *b = opaque;
	uint32_t *reg = &b->reg[addr / 4], old = *reg;

	*reg = value;
	switch (b->number) {
	case STM32_RCC:
		stm32_rcc_write(b->soc, addr, old);
		break;
	case STM32_PWR:
		stm32_pwr_write(b->soc, addr, old);
		break;
	case STM32_FLASH:
		if (addr)
			stm32_warn(
				"flash is not programmed here (register 0x%02x)", (unsigned)addr);
		stm32_clocks_update(b->soc);
		break;
	case STM32_SYSCFG:
		syscfg_write(b->soc, addr);
		break;
	case STM32_EXTI:
		if (addr == 0x14) /* PR */
			*reg = old & ~value;
		break;
	default:
		gpio_write(b->soc, b, addr);
	}
}

static const MemoryRegionOps block_ops = {
	.read = block_read,
	.write = block_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.impl = {.min_access_size = 4, .max_access_size = 4},
};

/* --- memories ----------------------------------------------------------------------------------
 */

static void flash_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
	stm32_warn("flash is written to at 0x%08x", 0x08000000 + (unsigned)addr);
}

static const MemoryRegionOps flash_ops = {.write = flash_write, .endianness = DEVICE_LITTLE_ENDIAN};

static void add_ram(Stm32Chip *s, MemoryRegion *mr, const char *name, hwaddr base, uint64_t size)
{
	memory_region_init_ram(mr, OBJECT(s), name, size, &error_fatal);
	memory_region_add_subregion(get_system_memory(), base, mr);
}

static void realize_memories(Stm32Chip *s)
{
	const struct stm32_chip *chip = s->chip;
	MemoryRegion *memory = get_system_memory();

	memory_region_init_rom_device(&s->flash, OBJECT(s), &flash_ops, s, "stm32.flash",
		chip->flash * KiB, &error_fatal);
	memory_region_add_subregion(memory, 0x08000000, &s->flash);
	memory_region_init_alias(
		&s->flash_alias, OBJECT(s), "stm32.flash-alias", &s->flash, 0, chip->flash * KiB);
	memory_region_add_subregion(memory, chip->f7 ? 0x00200000 : 0, &s->flash_alias);
	add_ram(s, &s->sram, "stm32.sram", 0x20000000, chip->sram * KiB);
	if (chip->itcm)
		add_ram(s, &s->itcm, "stm32.itcm", 0, chip->itcm * KiB);
	if (chip->ccm) {
		add_ram(s, &s->ccm, "stm32.ccm", 0x10000000, chip->ccm * KiB);
		stm32_gate_add(s, "CCM", 0x10000000, chip->ccm * KiB, RCC_AHB1ENR, 20);
	}
	add_ram(s, &s->backup, "stm32.backup", 0x40024000, 4 * KiB);
	stm32_gate_add(s, "backup SRAM", 0x40024000, 4 * KiB, RCC_AHB1ENR, 18);
	/* Peripherals without a model read as zeros: -d unimp tells. */
	create_unimplemented_device("stm32.apb1", 0x40000000, 0x8000);
	create_unimplemented_device("stm32.apb2", 0x40010000, 0x8000);
	create_unimplemented_device("stm32.ahb1", 0x40020000, 0x60000);
	create_unimplemented_device("stm32.ahb2", 0x50000000, 0x61000);
	create_unimplemented_device("stm32.ahb3", 0xa0000000, 0x2000);
	create_unimplemented_device("stm32.dbgmcu", 0xe0042000, 0x400);
}

/* --- the chip ----------------------------------------------------------------------------------
 */

static void chip_reset(DeviceState *dev)
{
	Stm32Chip *s = STM32_CHIP(dev);
	unsigned i;

	for (i = 0; i < STM32_BLOCKS; i++)
		memset(s->block[i].reg, 0, sizeof(s->block[i].reg));
	*stm32_reg(s, STM32_FLASH, 0x10) = 1u << 31;
	*stm32_reg(s, STM32_GPIO, GPIO_MODER) = 0xa8000000; /* PA13 to PA15, PB3 and PB4 are the */
	*stm32_reg(s, STM32_GPIO + 1, GPIO_MODER) = 0x280;  /* debugger's */
	stm32_rcc_reset(s);
	stm32_fmc_reset(s);
	stm32_qspi_reset(s);
	route_pins(s);
}

static void chip_init(Object *obj)
{
	Stm32Chip *s = STM32_CHIP(obj);
	unsigned i;

	object_initialize_child(obj, "armv7m", &s->armv7m, TYPE_ARMV7M);
	for (i = 0; i < STM32_USARTS; i++)
		object_initialize_child(obj, "usart[*]", &s->usart[i], TYPE_STM32_USART);
	for (i = 0; i < STM32_TIMS; i++)
		object_initialize_child(obj, "tim[*]", &s->tim[i], TYPE_STM32_TIM);
	s->hclk = clock_new(obj, "hclk");
	s->systick = clock_new(obj, "systick");
	s->pclk[0] = clock_new(obj, "pclk1");
	s->pclk[1] = clock_new(obj, "pclk2");
	s->timclk = clock_new(obj, "timclk");
}

static void realize_core(Stm32Chip *s)
{
	const struct stm32_chip *chip = s->chip;
	DeviceState *armv7m = DEVICE(&s->armv7m);

	clock_set_hz(s->hclk, 16000000);
	clock_set_mul_div(s->systick, 8, 1);
	clock_set_source(s->systick, s->hclk);
	qdev_prop_set_string(armv7m, "cpu-type", chip->cpu);
	qdev_prop_set_uint32(armv7m, "num-irq", chip->irqs);
	qdev_prop_set_bit(armv7m, "enable-bitband", !chip->f7);
	qdev_prop_set_uint32(armv7m, "init-nsvtor", chip->f7 ? 0x00200000 : 0);
	qdev_connect_clock_in(armv7m, "cpuclk", s->hclk);
	qdev_connect_clock_in(armv7m, "refclk", s->systick);
	object_property_set_link(
		OBJECT(&s->armv7m), "memory", OBJECT(get_system_memory()), &error_abort);
	sysbus_realize(SYS_BUS_DEVICE(&s->armv7m), &error_fatal);
	/* "System architecture": the CCM is at the bus for data alone. */
	if (chip->ccm) {
		s->armv7m.cpu->data_only_base = 0x10000000;
		s->armv7m.cpu->data_only_size = chip->ccm * KiB;
	}
}

static void realize_devices(Stm32Chip *s)
{
	unsigned console = s->chip->console;
	DeviceState *armv7m = DEVICE(&s->armv7m);
	SysBusDevice *bus;
	unsigned i;

	for (i = 0; i < STM32_USARTS; i++) {
		bus = SYS_BUS_DEVICE(&s->usart[i]);
		qdev_prop_set_bit(DEVICE(bus), "v3", s->chip->f7);
		qdev_prop_set_chr(DEVICE(bus), "chardev",
			serial_hd(i == console ? 0
				  : i          ? i
					       : console));
		qdev_connect_clock_in(DEVICE(bus), "clk", s->pclk[usarts[i].enr == RCC_APB2ENR]);
		sysbus_realize(bus, &error_fatal);
		sysbus_mmio_map(bus, 0, usarts[i].base);
		sysbus_connect_irq(bus, 0, qdev_get_gpio_in(armv7m, usarts[i].irq));
		stm32_gate_add(
			s, usarts[i].name, usarts[i].base, 0x400, usarts[i].enr, usarts[i].bit)
			->dev = DEVICE(bus);
	}
	for (i = 0; i < STM32_TIMS; i++) {
		char name[] = "TIM2";

		bus = SYS_BUS_DEVICE(&s->tim[i]);
		/* TIM2 and TIM5 have 32 bits. */
		qdev_prop_set_uint32(DEVICE(bus), "mask", i % 3 ? 0xffff : 0xffffffff);
		qdev_connect_clock_in(DEVICE(bus), "clk", s->timclk);
		sysbus_realize(bus, &error_fatal);
		sysbus_mmio_map(bus, 0, 0x40000000 + i * 0x400);
		sysbus_connect_irq(bus, 0, qdev_get_gpio_in(armv7m, tim_irq[i]));
		name[3] += i;
		stm32_gate_add(s, name, 0x40000000 + i * 0x400, 0x400, RCC_APB1ENR, i)->dev =
			DEVICE(bus);
	}
}

static void realize_blocks(Stm32Chip *s)
{
	unsigned i;

	for (i = 0; i < STM32_BLOCKS; i++) {
		struct stm32_block *b = &s->block[i];
		unsigned port = i > STM32_GPIO ? i - STM32_GPIO : 0;

		b->soc = s;
		b->number = i;
		memory_region_init_io(&b->mmio, OBJECT(s), &block_ops, b, "stm32-registers", 0x400);
		memory_region_add_subregion(get_system_memory(),
			block_base[MIN(i, STM32_GPIO)] + port * 0x400, &b->mmio);
	}
	for (i = 0; i < STM32_PORTS; i++) {
		char name[] = "GPIOA";

		name[4] += i;
		stm32_gate_add(s, name, 0x40020000 + i * 0x400, 0x400, RCC_AHB1ENR, i);
	}
	stm32_gate_add(s, "PWR", 0x40007000, 0x400, RCC_APB1ENR, 28);
	stm32_gate_add(s, "SYSCFG", 0x40013800, 0x400, RCC_APB2ENR, 14);
}

static void chip_realize(DeviceState *dev, Error **errp)
{
	Stm32Chip *s = STM32_CHIP(dev);

	stm32_rcc_realize(s);
	realize_memories(s);
	realize_core(s);
	realize_devices(s);
	realize_blocks(s);
	stm32_fmc_realize(s);
	stm32_qspi_realize(s);
}

static Property chip_properties[] = {
	DEFINE_PROP_BOOL("crystal", Stm32Chip, crystal, true),
	DEFINE_PROP_STRING("qspi", Stm32Chip, qspi_file),
	DEFINE_PROP_END_OF_LIST(),
};

static void chip_class_init(ObjectClass *klass, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);

	dc->reset = chip_reset;
	dc->realize = chip_realize;
	dc->user_creatable = false;
	device_class_set_props(dc, chip_properties);
}

static const TypeInfo chip_types[] = {{
	.name = TYPE_STM32_CHIP,
	.parent = TYPE_SYS_BUS_DEVICE,
	.instance_size = sizeof(Stm32Chip),
	.instance_init = chip_init,
	.class_init = chip_class_init,
}};

DEFINE_TYPES(chip_types)
