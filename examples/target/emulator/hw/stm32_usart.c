/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USART of STM32F4 (v2) and STM32F7 (v3), 8 data bits without parity: RM0090 "Universal synchronous
 * asynchronous receiver transmitter (USART)", RM0385 and RM0410 the chapter of the same name.
 *
 * A character takes ten bit times on the line in either direction. There is one register of receive
 * data and no FIFO: what arrives while it is full is lost and sets ORE ("Overrun error").
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "stm32.h"

/* SR and ISR have these bits in the same places. */
#define SR_ORE   (1u << 3)
#define SR_RXNE  (1u << 5)
#define SR_TC    (1u << 6)
#define SR_TXE   (1u << 7)
#define SR_TEACK (1u << 21)
#define SR_REACK (1u << 22)

#define CR1_RE     (1u << 2)
#define CR1_TE     (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define CR1_TCIE   (1u << 6)
#define CR1_TXEIE  (1u << 7)
#define CR1_PCE    (1u << 10)
#define CR1_M      (1u << 12)
#define CR1_OVER8  (1u << 15)
#define CR1_M1     (1u << 28)
#define RQR_RXFRQ  (1u << 3)

/* The registers of both generations, by one set of names. */
enum { U_SR, U_DR, U_BRR, U_CR1, U_CR2, U_CR3, U_GTPR, U_RTOR, U_RQR, U_ICR, U_RDR, U_TDR };

static const int8_t usart_v2[] = {U_SR, U_DR, U_BRR, U_CR1, U_CR2, U_CR3, U_GTPR};
static const int8_t usart_v3[] = {
	U_CR1, U_CR2, U_CR3, U_BRR, U_GTPR, U_RTOR, U_RQR, U_SR, U_ICR, U_RDR, U_TDR};

static bool usart_enabled(Stm32Usart *s)
{
	return s->reg[U_CR1] & (s->v3 ? 1 : 1 << 13);
}

static bool usart_on(Stm32Usart *s, uint32_t direction)
{
	return usart_enabled(s) && s->reg[U_CR1] & direction;
}

/* How long a start bit, eight bits and a stop bit are. */
static uint64_t usart_frame_ns(Stm32Usart *s)
{
	uint32_t divider = s->reg[U_BRR] & 0xffff;

	/* "Fractional baud rate generation": with OVER8 three bits of fraction. */
	if (s->reg[U_CR1] & CR1_OVER8)
		divider = (divider & 0xfff0) >> 1 | (divider & 7);
	return clock_ticks_to_ns(s->clk, 10 * (uint64_t)MAX(divider, 1));
}

/* "Tolerance of the receiver to clock deviation": some 3 percent. */
static bool usart_legible(Stm32Usart *s)
{
	uint64_t want = 10000000000ull / s->baud, is = usart_frame_ns(s);

	return is >= want - want * 3 / 100 && is <= want + want * 3 / 100 &&
	       !(s->reg[U_CR1] & (CR1_PCE | CR1_M | CR1_M1));
}

static void usart_update(Stm32Usart *s)
{
	uint32_t sr = s->reg[U_SR], cr1 = s->reg[U_CR1];

	qemu_set_irq(s->irq, usart_enabled(s) && ((sr & (SR_RXNE | SR_ORE) && cr1 & CR1_RXNEIE) ||
							 (sr & SR_TC && cr1 & CR1_TCIE) ||
							 (sr & SR_TXE && cr1 & CR1_TXEIE)));
}

/* From TDR to the shift register. */
static void usart_shift_out(Stm32Usart *s)
{
	uint8_t ch = usart_legible(s) ? s->tdr : 0xbf;

	s->reg[U_SR] |= SR_TXE;
	s->reg[U_SR] &= ~SR_TC;
	if (s->tx_routed)
		qemu_chr_fe_write_all(&s->chr, &ch, 1);
	else
		stm32_warn("no pin sends the character 0x%02x", ch);
	timer_mod(s->sender, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + usart_frame_ns(s));
}

static void usart_sent(void *opaque)
{
	Stm32Usart *s = opaque;

	if (s->reg[U_SR] & SR_TXE)
		s->reg[U_SR] |= SR_TC;
	else
		usart_shift_out(s);
	usart_update(s);
}

/* One character is on the line at a time. */
static int usart_can_receive(void *opaque)
{
	Stm32Usart *s = opaque;

	return usart_on(s, CR1_RE) && s->rx_routed && usart_legible(s) &&
	       !timer_pending(s->receiver);
}

static void usart_receive(void *opaque, const uint8_t *buffer, int size)
{
	Stm32Usart *s = opaque;

	s->arriving = *buffer;
	timer_mod(s->receiver, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + usart_frame_ns(s));
}

static void usart_arrived(void *opaque)
{
	Stm32Usart *s = opaque;

	if (s->reg[U_SR] & SR_RXNE) {
		stm32_warn(
			"the character 0x%02x is lost: the one before was not read", s->arriving);
		s->reg[U_SR] |= SR_ORE;
	} else {
		s->rdr = s->arriving;
		s->reg[U_SR] |= SR_RXNE;
	}
	usart_update(s);
	qemu_chr_fe_accept_input(&s->chr);
}

static int usart_register(Stm32Usart *s, hwaddr addr, bool write)
{
	unsigned n = addr / 4;
	int r = -1;

	if (s->v3 && n < ARRAY_SIZE(usart_v3))
		r = usart_v3[n];
	else if (!s->v3 && n < ARRAY_SIZE(usart_v2))
		r = usart_v2[n];
	if (r == U_DR)
		return write ? U_TDR : U_RDR;
	return r;
}

static uint64_t usart_read(void *opaque, hwaddr addr, unsigned size)
{
	Stm32Usart *s = opaque;
	int r = usart_register(s, addr, false);
	uint32_t value = r < 0 ? 0 : s->reg[r];

	switch (r) {
	case U_RDR:
		value = s->rdr;
		s->reg[U_SR] &= ~SR_RXNE;
		if (!s->v3 && s->sr_read)
			s->reg[U_SR] &= ~SR_ORE;
		s->sr_read = false;
		usart_update(s);
		break;
	case U_SR:
		s->sr_read = true;
		if (s->v3)
			value |= (usart_on(s, CR1_TE) ? SR_TEACK : 0) |
				 (usart_on(s, CR1_RE) ? SR_REACK : 0);
		break;
	case U_TDR:
		value = s->tdr;
		break;
	}
	return value;
}

static void usart_send(Stm32Usart *s, uint8_t ch)
{
	if (!usart_on(s, CR1_TE)) {
		stm32_warn("the character 0x%02x is for a transmitter that is off", ch);
		return;
	}
	s->tdr = ch;
	s->reg[U_SR] &= ~(SR_TXE | SR_TC);
	if (!timer_pending(s->sender))
		usart_shift_out(s);
}

static void usart_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
	Stm32Usart *s = opaque;
	int r = usart_register(s, addr, true);

	switch (r) {
	case U_TDR:
		usart_send(s, value);
		break;
	case U_SR: /* v2: these are cleared by writing 0; v3: read only */
		if (!s->v3)
			s->reg[U_SR] &= value | ~(SR_RXNE | SR_TC);
		break;
	case U_ICR:
		s->reg[U_SR] &= ~(value & (SR_ORE | SR_TC));
		break;
	case U_RQR:
		if (value & RQR_RXFRQ)
			s->reg[U_SR] &= ~SR_RXNE;
		break;
	case U_BRR:
		if (s->v3 && usart_enabled(s) && value != s->reg[U_BRR])
			stm32_warn("the baud rate is not changed: the USART is on");
		else
			s->reg[U_BRR] = value;
		break;
	case U_RDR:
	case -1:
		break;
	default:
		s->reg[r] = value;
	}
	usart_update(s);
	qemu_chr_fe_accept_input(&s->chr);
}

static const MemoryRegionOps usart_ops = {
	.read = usart_read,
	.write = usart_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.impl = {.min_access_size = 4, .max_access_size = 4},
};

static void usart_reset(DeviceState *dev)
{
	Stm32Usart *s = STM32_USART(dev);

	memset(s->reg, 0, sizeof(s->reg));
	s->reg[U_SR] = SR_TXE | SR_TC;
	s->sr_read = false;
	timer_del(s->sender);
	timer_del(s->receiver);
	usart_update(s);
}

static void usart_init(Object *obj)
{
	Stm32Usart *s = STM32_USART(obj);

	memory_region_init_io(&s->mmio, obj, &usart_ops, s, TYPE_STM32_USART, 0x400);
	sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
	sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
	s->clk = qdev_init_clock_in(DEVICE(obj), "clk", NULL, NULL, 0);
	s->sender = timer_new_ns(QEMU_CLOCK_VIRTUAL, usart_sent, s);
	s->receiver = timer_new_ns(QEMU_CLOCK_VIRTUAL, usart_arrived, s);
}

static void usart_realize(DeviceState *dev, Error **errp)
{
	Stm32Usart *s = STM32_USART(dev);

	qemu_chr_fe_set_handlers(
		&s->chr, usart_can_receive, usart_receive, NULL, NULL, s, NULL, true);
}

static Property usart_properties[] = {
	DEFINE_PROP_CHR("chardev", Stm32Usart, chr),
	DEFINE_PROP_BOOL("v3", Stm32Usart, v3, false),
	DEFINE_PROP_UINT32("baud", Stm32Usart, baud, 115200),
	DEFINE_PROP_END_OF_LIST(),
};

static void usart_class_init(ObjectClass *klass, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);

	dc->reset = usart_reset;
	dc->realize = usart_realize;
	device_class_set_props(dc, usart_properties);
}

static const TypeInfo usart_types[] = {{
	.name = TYPE_STM32_USART,
	.parent = TYPE_SYS_BUS_DEVICE,
	.instance_size = sizeof(Stm32Usart),
	.instance_init = usart_init,
	.class_init = usart_class_init,
}};

DEFINE_TYPES(usart_types)
