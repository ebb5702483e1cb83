/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STM32F4 and STM32F7 for QEMU: what the files of this model share. Chapters of ST's reference
 * manuals are named by the manual's number and the chapter's title: RM0090 is the STM32F405 and
 * F429, RM0385 the F746, RM0410 the F769, RM0430 the F413. See README.md for what is left out.
 */
#ifndef HW_ARM_STM32_H
#define HW_ARM_STM32_H

#include "chardev/char-fe.h"
#include "hw/arm/armv7m.h"
#include "hw/clock.h"
#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"

/* Says what is wrong and goes on as the chip does: a closed gate, a character that nobody hears. */
void stm32_warn(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* The same where the chip does something that nobody can tell: QEMU ends with status 1. */
void stm32_broken(const char *format, ...) G_GNUC_PRINTF(1, 2) G_GNUC_NORETURN;

/* --- USART1 to USART6 (stm32_usart.c) ----------------------------------------------------------
 */

#define TYPE_STM32_USART "stm32-usart"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32Usart, STM32_USART)

#define STM32_USART_REGISTERS 12

struct Stm32Usart {
	SysBusDevice parent_obj;

	MemoryRegion mmio;
	CharBackend chr;
	qemu_irq irq;
	Clock *clk;
	QEMUTimer *sender;         /* pending while a character is being sent */
	QEMUTimer *receiver;       /* pending while one arrives */
	bool v3;                   /* the registers of the STM32F7 */
	uint32_t baud;             /* of whoever is at the other end */
	bool tx_routed, rx_routed; /* a pin is switched to this USART */
	bool sr_read;              /* since the last read of DR: together they clear ORE */
	uint8_t arriving, rdr, tdr;
	uint32_t reg[STM32_USART_REGISTERS];
};

/* --- TIM2 to TIM5 (stm32_tim.c) ----------------------------------------------------------------
 */

#define TYPE_STM32_TIM "stm32-tim"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32Tim, STM32_TIM)

#define STM32_TIM_REGISTERS 0x15

struct Stm32Tim {
	SysBusDevice parent_obj;

	MemoryRegion mmio;
	qemu_irq irq;
	Clock *clk;
	QEMUTimer *timer;
	uint32_t mask;  /* of the counter: 16 or 32 bits */
	uint32_t psc;   /* the prescaler in use; the register's is taken at the next update */
	uint64_t start; /* the counter was this */
	int64_t origin; /* when it was, in ns */
	uint64_t seen;  /* events up to this count are in SR */
	uint32_t reg[STM32_TIM_REGISTERS];
};

/* --- the chip (stm32_chip.c), its clocks (stm32_rcc.c), memories beside it ----------------------
 */

#define STM32_USARTS 6
#define STM32_TIMS   4
#define STM32_PORTS  11

/* External RAM: what a board has soldered to the FMC. */
struct stm32_sdram {
	unsigned bank;  /* 1 is at 0xc0000000, 2 at 0xd0000000 */
	unsigned width; /* bits */
	unsigned rows, columns;
	uint16_t pins[STM32_PORTS]; /* that must have alternate function 12 */
};

struct stm32_chip {
	const char *cpu;
	bool f7;
	uint32_t hse;         /* the crystal, Hz */
	uint32_t hclk[4];     /* the core's limit by PWR_CR.VOS */
	uint32_t hclk_od[4];  /* with over-drive; 0: this chip has none */
	uint32_t pclk[2];     /* limits of APB1 and APB2 */
	uint32_t pclk_od[2];  /* with over-drive */
	uint32_t per_wait;    /* Hz that each flash wait state allows */
	unsigned irqs;        /* of the NVIC */
	unsigned flash, sram; /* KiB, at 0x08000000 and 0x20000000 */
	unsigned ccm, itcm;   /* KiB, at 0x10000000 and 0 */
	unsigned console;     /* the USART that is the first serial line, from 0 on */
	struct stm32_sdram sdram;
	unsigned qspi; /* MiB of NOR flash at the QUADSPI */
};

enum stm32_block_number {
	STM32_RCC,
	STM32_PWR,
	STM32_FLASH,
	STM32_SYSCFG,
	STM32_EXTI,
	STM32_GPIO,
	STM32_BLOCKS = STM32_GPIO + STM32_PORTS,
};

#define TYPE_STM32_CHIP "stm32-chip"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32Chip, STM32_CHIP)

/* A block of registers without a device of its own. */
struct stm32_block {
	MemoryRegion mmio;
	Stm32Chip *soc;
	unsigned number;
	uint32_t reg[0x100];
};

/* What lies in front of a peripheral while its clock is off. */
struct stm32_gate {
	MemoryRegion closed;
	char name[16];
	uint8_t enr, bit; /* where RCC opens it, and resets @dev */
	bool told;
	DeviceState *dev; /* NULL: nothing to be reset */
};

#define STM32_GATES (STM32_USARTS + STM32_TIMS + STM32_PORTS + 7)

struct stm32_fmc {
	MemoryRegion mmio, ram, remapped;
	bool ready;
	unsigned done; /* steps of the RAM's initialisation */
	unsigned refreshes;
	uint32_t reg[6];
};

#define STM32_QSPI_REGISTERS 13

struct stm32_qspi {
	MemoryRegion mmio, flash;
	bool ready;
	uint32_t reg[STM32_QSPI_REGISTERS];
};

struct Stm32Chip {
	SysBusDevice parent_obj;

	const struct stm32_chip *chip;
	bool crystal;    /* HSE starts when it is asked to */
	char *qspi_file; /* what is in the QSPI flash */
	ARMv7MState armv7m;
	Stm32Usart usart[STM32_USARTS];
	Stm32Tim tim[STM32_TIMS];
	struct stm32_block block[STM32_BLOCKS];
	struct stm32_gate gate[STM32_GATES];
	unsigned gates;
	struct stm32_fmc fmc;
	struct stm32_qspi qspi;
	MemoryRegion flash, flash_alias, sram, ccm, itcm, backup;
	Clock *hclk, *systick, *pclk[2], *timclk;
	QEMUTimer *ready;       /* when the next of these comes */
	int64_t hse_at, pll_at; /* ns: ready then, when enabled */
	int64_t od_at, odsw_at;
};

/* --- stm32_rcc.c --- */
enum {
	RCC_CR = 0x00,
	RCC_PLLCFGR = 0x04,
	RCC_CFGR = 0x08,
	RCC_AHB1RSTR = 0x10,
	RCC_AHB1ENR = 0x30,
	RCC_AHB3ENR = 0x38,
	RCC_APB1ENR = 0x40,
	RCC_APB2ENR = 0x44,
	RCC_BDCR = 0x70,
	RCC_CSR = 0x74,
	RCC_PLLI2SCFGR = 0x84,
	RCC_PLLSAICFGR = 0x88,
	RCC_DCKCFGR = 0x8c,
};

void stm32_clocks_update(Stm32Chip *s);
void stm32_rcc_write(Stm32Chip *s, hwaddr addr, uint32_t old);
uint32_t stm32_rcc_read(Stm32Chip *s, hwaddr addr);
void stm32_pwr_write(Stm32Chip *s, hwaddr addr, uint32_t old);
uint32_t stm32_pwr_read(Stm32Chip *s, hwaddr addr);
void stm32_rcc_reset(Stm32Chip *s);
void stm32_rcc_realize(Stm32Chip *s);
struct stm32_gate *stm32_gate_add(
	Stm32Chip *s, const char *name, hwaddr base, uint64_t size, unsigned enr, unsigned bit);

static inline uint32_t *stm32_reg(Stm32Chip *s, unsigned block, hwaddr addr)
{
	return &s->block[block].reg[addr / 4];
}

/* --- stm32_fmc.c --- */
void stm32_fmc_realize(Stm32Chip *s);
void stm32_fmc_reset(Stm32Chip *s);
void stm32_fmc_update(Stm32Chip *s);

/* --- stm32_qspi.c --- */
void stm32_qspi_realize(Stm32Chip *s);
void stm32_qspi_reset(Stm32Chip *s);
void stm32_qspi_update(Stm32Chip *s);

#endif
