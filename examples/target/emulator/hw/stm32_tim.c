/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TIM2 to TIM5, counting upwards: RM0090, RM0385 and RM0410 "General-purpose timers (TIM2 to
 * TIM5)".
 *
 * The count is never stored: it is what it was at `origin` and the ticks since. SR is brought up to
 * date when somebody looks, or when an interrupt is due.
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "stm32.h"

enum {
	T_CR1 = 0x00 / 4,
	T_DIER = 0x0c / 4,
	T_SR = 0x10 / 4,
	T_EGR = 0x14 / 4,
	T_CNT = 0x24 / 4,
	T_PSC = 0x28 / 4,
	T_ARR = 0x2c / 4,
	T_CCR1 = 0x34 / 4,
	T_CCR4 = 0x40 / 4,
};

#define CR1_CEN  (1u << 0)
#define CR1_UDIS (1u << 1)
#define CR1_URS  (1u << 2)
#define CR1_OPM  (1u << 3)
#define SR_UIF   (1u << 0)
#define SR_ALL   0x1fu /* UIF and CC1IF to CC4IF; DIER has the same bits */
#define EGR_UG   (1u << 0)

static bool tim_counts(Stm32Tim *s)
{
	return s->reg[T_CR1] & CR1_CEN && clock_is_enabled(s->clk);
}

/* The count as if it never overflowed. */
static uint64_t tim_ticks(Stm32Tim *s)
{
	int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

	if (!tim_counts(s))
		return s->start;
	return s->start + muldiv64(now - s->origin, clock_get_hz(s->clk), NANOSECONDS_PER_SECOND) /
				  (s->psc + 1);
}

static uint64_t tim_period(Stm32Tim *s)
{
	return (uint64_t)s->reg[T_ARR] + 1;
}

static void tim_set(Stm32Tim *s, uint64_t count)
{
	s->start = count;
	s->seen = count;
	s->origin = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* The first count behind `from` that is `value` after some overflows. */
static uint64_t tim_next(Stm32Tim *s, uint64_t from, uint64_t value)
{
	uint64_t period = tim_period(s), next = from - from % period + value;

	return next > from ? next : next + period;
}

/* When the events of SR come next, by their bits; never: UINT64_MAX. */
static uint64_t tim_event(Stm32Tim *s, unsigned bit, uint64_t from)
{
	uint32_t compare;

	if (bit == 0) {
		if (s->reg[T_CR1] & CR1_UDIS)
			return UINT64_MAX;
		return tim_next(s, from, 0);
	}
	compare = s->reg[T_CCR1 + bit - 1];
	return compare < tim_period(s) ? tim_next(s, from, compare) : UINT64_MAX;
}

/* SR has what happened until now. */
static void tim_sync(Stm32Tim *s)
{
	uint64_t now = tim_ticks(s);
	bool overflow = now / tim_period(s) != s->seen / tim_period(s);
	unsigned bit;

	for (bit = 0; bit <= 4; bit++)
		if (tim_event(s, bit, s->seen) <= now)
			s->reg[T_SR] |= 1u << bit;
	s->seen = now;
	if (overflow && s->reg[T_CR1] & CR1_OPM) {
		tim_set(s, 0);
		s->reg[T_CR1] &= ~CR1_CEN;
	} else if (overflow && s->reg[T_PSC] != s->psc) {
		tim_set(s, now % tim_period(s));
		s->psc = s->reg[T_PSC];
	}
}

/* The interrupt as it is now, and the timer for the next. */
static void tim_arm(Stm32Tim *s)
{
	uint64_t next = UINT64_MAX;
	unsigned bit;

	qemu_set_irq(s->irq, !!(s->reg[T_SR] & s->reg[T_DIER] & SR_ALL));
	for (bit = 0; bit <= 4; bit++)
		if (s->reg[T_DIER] & ~s->reg[T_SR] & 1u << bit)
			next = MIN(next, tim_event(s, bit, s->seen));
	if (!tim_counts(s) || next == UINT64_MAX) {
		timer_del(s->timer);
		return;
	}
	/* The ns in which that tick begins, and one more. */
	timer_mod(s->timer, s->origin + 1 +
				    muldiv64((next - s->start) * (s->psc + 1),
					    NANOSECONDS_PER_SECOND, clock_get_hz(s->clk)));
}

static void tim_due(void *opaque)
{
	Stm32Tim *s = opaque;

	tim_sync(s);
	tim_arm(s);
}

static uint64_t tim_read(void *opaque, hwaddr addr, unsigned size)
{
	Stm32Tim *s = opaque;
	unsigned r = addr / 4;

	if (r >= STM32_TIM_REGISTERS || r == T_EGR)
		return 0;
	tim_sync(s);
	if (r == T_CNT)
		return s->seen % tim_period(s);
	return s->reg[r];
}

static void tim_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
	Stm32Tim *s = opaque;
	unsigned r = addr / 4;

	if (r >= STM32_TIM_REGISTERS)
		return;
	tim_sync(s);
	switch (r) {
	case T_CR1: /* stopped or started, it goes on from where it is */
		tim_set(s, s->seen % tim_period(s));
		s->reg[T_CR1] = value & 0xffff;
		break;
	case T_SR:
		s->reg[T_SR] &= value;
		break;
	case T_EGR:
		if (!(value & EGR_UG))
			break;
		s->psc = s->reg[T_PSC];
		tim_set(s, 0);
		if (!(s->reg[T_CR1] & (CR1_UDIS | CR1_URS)))
			s->reg[T_SR] |= SR_UIF;
		break;
	case T_CNT:
		tim_set(s, value & s->mask);
		break;
	case T_ARR: /* the period changes, the count does not */
		tim_set(s, s->seen % tim_period(s));
		s->reg[T_ARR] = value & s->mask;
		break;
	case T_CCR1 ... T_CCR4:
		s->reg[r] = value & s->mask;
		break;
	default:
		s->reg[r] = value & 0xffff;
	}
	tim_arm(s);
}

static const MemoryRegionOps tim_ops = {
	.read = tim_read,
	.write = tim_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.impl = {.min_access_size = 4, .max_access_size = 4},
};

static void tim_clock(void *opaque, ClockEvent event)
{
	Stm32Tim *s = opaque;

	if (event == ClockPreUpdate) {
		tim_sync(s);
		tim_set(s, s->seen % tim_period(s));
	} else {
		tim_arm(s);
	}
}

static void tim_reset(DeviceState *dev)
{
	Stm32Tim *s = STM32_TIM(dev);

	memset(s->reg, 0, sizeof(s->reg));
	s->reg[T_ARR] = s->mask;
	s->psc = 0;
	tim_set(s, 0);
	tim_arm(s);
}

static void tim_init(Object *obj)
{
	Stm32Tim *s = STM32_TIM(obj);

	memory_region_init_io(&s->mmio, obj, &tim_ops, s, TYPE_STM32_TIM, 0x400);
	sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
	sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
	s->clk = qdev_init_clock_in(DEVICE(obj), "clk", tim_clock, s, ClockPreUpdate | ClockUpdate);
	s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, tim_due, s);
}

static Property tim_properties[] = {
	DEFINE_PROP_UINT32("mask", Stm32Tim, mask, 0xffff),
	DEFINE_PROP_END_OF_LIST(),
};

static void tim_class_init(ObjectClass *klass, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);

	dc->reset = tim_reset;
	device_class_set_props(dc, tim_properties);
}

static const TypeInfo tim_types[] = {{
	.name = TYPE_STM32_TIM,
	.parent = TYPE_SYS_BUS_DEVICE,
	.instance_size = sizeof(Stm32Tim),
	.instance_init = tim_init,
	.class_init = tim_class_init,
}};

DEFINE_TYPES(tim_types)
