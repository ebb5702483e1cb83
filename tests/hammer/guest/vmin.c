/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waits for 200 characters at once (VMIN) with flow control (IXOFF): poll(2) must say when they are
 * there, whatever the size of the terminal's buffer.
 */

#include "call.h"

enum { SYS_IOCTL = 54, SYS_POLL = 168, TCGETS = 0x5401, TCSETS = 0x5402 };
enum { IXOFF = 0010000, ICANON = 0000002, ECHO = 0000010, VTIME = 5, VMIN = 6 };

static const char good[] = "200 characters\n", bad[] = "no 200 characters\n";

void _start(void)
{
	struct {
		unsigned iflag, oflag, cflag, lflag;
		unsigned char line, cc[19];
	} old, new;
	struct {
		int fd;
		short events, revents;
	} in = {0, 1, 0};
	char buffer[200];
	long got;

	call(SYS_IOCTL, 0, (const void *)TCGETS, (long)&old);
	new = old;
	new.iflag |= IXOFF;
	new.lflag &= ~(unsigned)(ICANON | ECHO);
	new.cc[VMIN] = 200;
	new.cc[VTIME] = 0;
	call(SYS_IOCTL, 0, (const void *)TCSETS, (long)&new);
	got = call(SYS_POLL, (long)&in, (const void *)1, 20000);
	if (got == 1)
		got = call(SYS_READ, 0, buffer, sizeof(buffer));
	call(SYS_IOCTL, 0, (const void *)TCSETS, (long)&old);
	if (got == sizeof(buffer))
		call(SYS_WRITE, 1, good, sizeof(good) - 1);
	else
		call(SYS_WRITE, 1, bad, sizeof(bad) - 1);
	call(SYS_EXIT, 0, 0, 0);
}
