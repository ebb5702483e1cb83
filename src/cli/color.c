/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What depends on the terminal: colours (https://no-color.org/) and width.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "xipfs/cli/cli.h"

bool xip_cli_parse_when(const char *text, enum xip_when *when)
{
	static const char *const words[] = {
		[XIP_WHEN_AUTO] = "auto",
		[XIP_WHEN_ALWAYS] = "always",
		[XIP_WHEN_NEVER] = "never",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(text, words[i])) {
			*when = (enum xip_when)i;
			return true;
		}
	return false;
}

bool xip_cli_wants_color(enum xip_when when, FILE *out)
{
	const char *forbidden = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (when != XIP_WHEN_AUTO)
		return when == XIP_WHEN_ALWAYS;
	return isatty(fileno(out)) && !(forbidden && *forbidden) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

const char *xip_cli_color(bool on, enum xip_color color)
{
	static const char *const codes[] = {
		[XIP_COLOR_PLAIN] = "\033[0m",
		[XIP_COLOR_GOOD] = "\033[32m",
		[XIP_COLOR_WARNING] = "\033[33m",
		[XIP_COLOR_ERROR] = "\033[1;31m",
		[XIP_COLOR_CALM] = "\033[2m",
		[XIP_COLOR_NAME] = "\033[1;34m",
		[XIP_COLOR_LINK] = "\033[36m",
	};

	return on ? codes[color] : "";
}

unsigned xip_cli_width(int fd)
{
	struct winsize size = {0};

	return !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}
