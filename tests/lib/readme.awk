# SPDX-License-Identifier: GPL-2.0-or-later
# Splits the blocks of a Markdown file that begin with "```" and -v fence=: each "$ command" becomes the file N.command, the
# lines that follow it up to the next one N.output, in the directory given as -v dir=.
$0 == "```" fence { inside = 1; next }
/^```/ { inside = 0; next }
inside && /^\$ / {
	n++
	command = sprintf("%s/%03d.command", dir, n)
	output = sprintf("%s/%03d.output", dir, n)
	printf "" > output
	print substr($0, 3) > command
	more = /\\$/
	next
}
inside && more {
	print > command
	more = /\\$/
	next
}
inside && n { print > output }
