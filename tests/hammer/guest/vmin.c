/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waits for 200 characters at once (VMIN) with flow control (IXOFF): poll(2) must say when they are
 * there, whatever the size of the terminal's buffer.
 */

#include "call.h"

enum { SYS_IOCTL = 54, SYS_POLL = 168, TCGETS = 0x5401, TCSETS = 0x5402 };
enum { IXOFF = 0010000, ICANON = 0000002, ECHO = 0000010, VTIME = 5, VMIN = 6 };

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
	volatile unsigned text[2];
	char buffer[200];
	long got, more = 1;

	call(SYS_IOCTL, 0, (const void *)TCGETS, (long)&old);
	new = old;
	new.iflag |= IXOFF;
	new.lflag &= ~(unsigned)(ICANON | ECHO);
	new.cc[VMIN] = 200;
	new.cc[VTIME] = 0;
	call(SYS_IOCTL, 0, (const void *)TCSETS, (long)&new);
	got = call(SYS_POLL, (long)&in, (const void *)1, 20000) - 1;
	while (got >= 0 && got < (long)sizeof(buffer) && more > 0) {
		more = call(SYS_READ, 0, buffer, (long)sizeof(buffer) - got); /* 64 at once */
		got += more;
	}
	call(SYS_IOCTL, 0, (const void *)TCSETS, (long)&old);
	/* in little-endian words, so that it is in the code: "all ", "200\n" */
	text[0] = 0x206c6c61;
	text[1] = 0x0a303032;
	if (got == sizeof(buffer))
		call(SYS_WRITE, 1, (const void *)text, sizeof(text));
	call(SYS_EXIT, got == sizeof(buffer) ? 0 : 1, 0, 0);
}
