# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion of xipfs-dump(1). The options and what they do come from xipfs-dump --help.

for line in (xipfs-dump --help 2>/dev/null)
	if string match -qr -- '^  (?:-(?<short>[A-Za-z]), |    )--(?<long>[a-z-]+)(?<value>\[?=\S+)? +(?<what>\S.*)$' $line
		set -l option -l $long -d $what
		test -n "$short"; and set -a option -s $short
		string match -q -- '=*' $value; and set -a option -r
		complete -c xipfs-dump $option
	else if string match -qr -- '^  -(?<short>[A-Za-z]) +(?<what>\S.*)$' $line
		complete -c xipfs-dump -s $short -d $what
	end
end

function __xipfs_dump_checks
	set -l before (string match -rg -- '([^=]*,)[^,]*$' (commandline -ct) | string replace -r '.*=' '')
	printf "$before%s\n" (xipfs-dump --help 2>/dev/null | sed '1,/^Checks:/d' | string split -n ' ')
end

complete -c xipfs-dump -l check -f -a '(__xipfs_dump_checks)'
complete -c xipfs-dump -l ram -f -a 'nommu mmu pagewise'
complete -c xipfs-dump -l page-size -x -a '4096 8192 16384 32768 65536'
complete -c xipfs-dump -l color -x -a 'auto always never'
complete -c xipfs-dump -l partition -x -a '512K 1M 2M 4M 8M 16M'
complete -c xipfs-dump -l top -f -a '5 10 20 50 100'
complete -c xipfs-dump -l extract -x -a '(__fish_complete_directories)'
