/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints its own /proc/self/maps. DATA and BSS are the sizes in bytes of what it has in those
 * sections; it asks for no memory when it runs, so that the loaders alone decide what is shown.
 */
#include <fcntl.h>
#include <unistd.h>

volatile char data[DATA] = {1};
volatile char bss[BSS];

int main(void)
{
	static char buffer[1024];
	int file = open("/proc/self/maps", O_RDONLY);
	ssize_t count;

	bss[0] = data[0];
	while (file >= 0 && (count = read(file, buffer, sizeof(buffer))) > 0)
		if (write(1, buffer, (size_t)count) != count)
			return 1;
	return file < 0;
}
