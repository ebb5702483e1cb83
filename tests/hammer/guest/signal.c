/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends itself a signal and handles it: the handler returns by code that the kernel puts on the
 * stack. */

#include "call.h"

#define SYS_GETPID       20
#define SYS_KILL         37
#define SYS_RT_SIGACTION 174
#define SIGUSR1          10

/* "handled" by write(2). No relocation: nobody would do it. */
__asm__("	.text\n	.balign 4\n	.thumb_func\n"
	"handler: push {r7}\n	movs r7, #4\n	movs r0, #1\n	adr r1, 1f\n	movs r2, #8\n"
	"	svc #0\n	pop {r7}\n	bx lr\n	.balign 4\n1:	.ascii \"handled\\n\"\n	"
	".text\n");

struct action {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask[2];
};

static void call_rt_sigaction(long number, const struct action *action)
{
	register long r7 __asm__("r7") = SYS_RT_SIGACTION;
	register long r0 __asm__("r0") = number;
	register const void *r1 __asm__("r1") = action;
	register long r2 __asm__("r2") = 0;
	register long r3 __asm__("r3") = sizeof(action->mask);

	__asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2), "r"(r3) : "memory");
}

void _start(void)
{
	unsigned long descriptor[2] = {0, 0};
	struct action action = {descriptor, 0, 0, {0, 0}};

	__asm__ volatile("adr.w %0, handler" : "=r"(descriptor[0]));
	descriptor[0] |= 1;
	call_rt_sigaction(SIGUSR1, &action);
	call(SYS_KILL, call(SYS_GETPID, 0, 0, 0), (const void *)SIGUSR1, 0);
	call(SYS_EXIT, 0, 0, 0);
}
