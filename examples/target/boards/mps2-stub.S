/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reset code for QEMU's MPS2 boards, at address 0: what a boot loader does on real hardware. It
 * enters the kernel as Documentation/arch/arm/booting.rst asks: r0 = 0, r1 = any machine number,
 * r2 = the device tree blob. DTB and KERNEL come from the partition table.
 */
	.syntax unified
	.cpu	cortex-m3
	.thumb
	.text
	.word	0x20001000		/* initial stack; the kernel brings its own */
	.word	reset + 1		/* + 1: Thumb code */
	.rept	14			/* every exception before the kernel's own vectors */
	.word	hang + 1
	.endr

	.thumb_func
reset:
	/* Without a baud rate and TXEN QEMU's UART never drains, and earlycon waits for ever. */
	ldr	r0, =0x40004000		/* UART0 */
	movs	r1, #16
	str	r1, [r0, #0x10]		/* BAUDDIV, 16 is the least */
	movs	r1, #3
	str	r1, [r0, #0x08]		/* CTRL: TXEN | RXEN */

	movs	r0, #0
	mvn	r1, #0
	ldr	r2, =DTB
	ldr	r3, =KERNEL + 1
	bx	r3

	.thumb_func
hang:
	b	hang
	.ltorg
