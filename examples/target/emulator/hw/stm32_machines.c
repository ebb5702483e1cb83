/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machines: chips as such, and boards of ST with their SDRAM. Sizes and limits: data sheets and
 * RM0090 (F405, F429), RM0386 (F469), RM0385 (F746), RM0410 (F769), RM0430 (F413).
 */
#include "qemu/osdep.h"
#include "hw/arm/boot.h"
#include "hw/boards.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "stm32.h"

#define MHZ 1000000u

static void machine_init(const struct stm32_chip *chip, MachineState *machine)
{
	DeviceState *dev = qdev_new(TYPE_STM32_CHIP);
	Stm32Chip *s = STM32_CHIP(dev);

	s->chip = chip;
	sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
	armv7m_load_kernel(s->armv7m.cpu, machine->kernel_filename, 0x08000000, chip->flash * KiB);
}

#define STM32_MACHINE(id, name, description, ...)                                                  \
	static void id##_init(MachineState *machine)                                               \
	{                                                                                          \
		static const struct stm32_chip chip = {__VA_ARGS__};                               \
                                                                                                   \
		machine_init(&chip, machine);                                                      \
	}                                                                                          \
	static void id##_class_init(MachineClass *mc)                                              \
	{                                                                                          \
		mc->desc = description;                                                            \
		mc->init = id##_init;                                                              \
		mc->default_ram_size = 0;                                                          \
	}                                                                                          \
	DEFINE_MACHINE(name, id##_class_init)

#define CORTEX_M4 .cpu = "cortex-m4-arm-cpu", .per_wait = 30 * MHZ
#define CORTEX_M7                                                                                  \
	.cpu = "cortex-m7-arm-cpu", .f7 = true, .per_wait = 30 * MHZ, .hse = 25 * MHZ,             \
	.irqs = 112, .hclk = {0, 144 * MHZ, 168 * MHZ, 180 * MHZ},                                 \
	.hclk_od = {0, 0, 180 * MHZ, 216 * MHZ}, .pclk = {45 * MHZ, 90 * MHZ},                     \
	.pclk_od = {54 * MHZ, 108 * MHZ}, .itcm = 16
#define STM32F42X                                                                                  \
	CORTEX_M4, .hse = 8 * MHZ, .irqs = 96, .hclk = {0, 120 * MHZ, 144 * MHZ, 168 * MHZ},       \
		   .hclk_od = {0, 0, 168 * MHZ, 180 * MHZ}, .pclk = {42 * MHZ, 84 * MHZ},          \
		   .pclk_od = {45 * MHZ, 90 * MHZ}, .flash = 2048, .ccm = 64
#define STM32F769 CORTEX_M7, .flash = 2048, .sram = 512

/* PD, PE, PF, PG: data 0 to 15, addresses 0 to 11, banks, NBL0 and 1, clock, CAS, RAS. */
#define SDRAM_PINS [3] = 0xc703, [4] = 0xff83, [5] = 0xf83f, [6] = 0x8133
/* PH, PI: data 16 to 31, NBL2 and 3. */
#define SDRAM_PINS_H 0xff00
#define SDRAM_PINS_I 0x06ff

STM32_MACHINE(stm32f405, "stm32f405", "STM32F405: Cortex-M4, 1 MiB flash, 128 KiB SRAM, 64 KiB CCM",
	CORTEX_M4, .hse = 8 * MHZ, .irqs = 82, .hclk = {144 * MHZ, 168 * MHZ, 144 * MHZ, 168 * MHZ},
	.pclk = {42 * MHZ, 84 * MHZ}, .flash = 1024, .sram = 128, .ccm = 64)
STM32_MACHINE(stm32f413, "stm32f413", "STM32F413: Cortex-M4, 1.5 MiB flash, 320 KiB SRAM",
	CORTEX_M4, .hse = 8 * MHZ, .irqs = 102, .hclk = {0, 64 * MHZ, 84 * MHZ, 100 * MHZ},
	.pclk = {50 * MHZ, 100 * MHZ}, .flash = 1536, .sram = 320)
STM32_MACHINE(stm32f429, "stm32f429", "STM32F429: Cortex-M4, 2 MiB flash, 192 KiB SRAM, 64 KiB CCM",
	STM32F42X, .sram = 192)
STM32_MACHINE(stm32f746, "stm32f746", "STM32F746: Cortex-M7, 1 MiB flash, 320 KiB SRAM", CORTEX_M7,
	.flash = 1024, .sram = 320)
STM32_MACHINE(stm32f769, "stm32f769", "STM32F769: Cortex-M7, 2 MiB flash, 512 KiB SRAM", STM32F769)
STM32_MACHINE(stm32f429_disco, "stm32f429-disco", "ST 32F429IDISCOVERY: 8 MiB SDRAM", STM32F42X,
	.sram = 192, .sdram = {2, 16, 12, 8, {[1] = 0x0060, [2] = 0x0001, SDRAM_PINS}})
STM32_MACHINE(stm32f469_disco, "stm32f469-disco", "ST 32F469IDISCOVERY: 16 MiB SDRAM", STM32F42X,
	.sram = 320, .console = 2,
	.sdram = {1, 32, 12, 8, {[2] = 0x0001, SDRAM_PINS, SDRAM_PINS_H | 0x000c, SDRAM_PINS_I}})
STM32_MACHINE(stm32f746_disco, "stm32f746-disco",
	"ST 32F746GDISCOVERY: 8 MiB SDRAM, 16 MiB QSPI NOR", CORTEX_M7, .flash = 1024, .sram = 320,
	.qspi = 16, .sdram = {1, 16, 12, 8, {[2] = 0x0008, SDRAM_PINS, [7] = 0x0028}})
STM32_MACHINE(stm32f769_disco, "stm32f769-disco", "ST 32F769IDISCOVERY: 16 MiB SDRAM", STM32F769,
	.sdram = {1, 32, 12, 8, {SDRAM_PINS, SDRAM_PINS_H | 0x002c, SDRAM_PINS_I}})
