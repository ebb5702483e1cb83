# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion of mkxipfs(1). The options and what they do come from mkxipfs --help.

for line in (mkxipfs --help 2>/dev/null)
	if string match -qr -- '^  (?:-(?<short>[A-Za-z]), |    )--(?<long>[a-z-]+)(?<value>\[?=\S+)? +(?<what>\S.*)$' $line
		set -l option -l $long -d $what
		test -n "$short"; and set -a option -s $short
		string match -q -- '=*' $value; and set -a option -r
		complete -c mkxipfs $option
	else if string match -qr -- '^  -(?<short>[A-Za-z]) +(?<what>\S.*)$' $line
		complete -c mkxipfs -s $short -d $what
	end
end

complete -c mkxipfs -s N -l endian -x -a 'big little host'
complete -c mkxipfs -s b -l page-size -x -a '4096 8192 16384 32768 65536'
complete -c mkxipfs -l xip-align -x -a '4 8 16 32 64 128 4096'
complete -c mkxipfs -l compressor -x -a 'libdeflate zlib zopfli'
complete -c mkxipfs -l color -x -a 'auto always never'
complete -c mkxipfs -l max-size -x -a '512K 1M 2M 4M 8M 16M'
complete -c mkxipfs -l pad-to -x -a 'erase-block:64K erase-block:128K'
complete -c mkxipfs -l xattrs -x -a 'warn ignore'
complete -c mkxipfs -l platform -x -a 'linux/amd64 linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm64 linux/mips64le linux/riscv64'
complete -c mkxipfs -l max-unpacked -x -a '64M 256M 1G 4G'
complete -c mkxipfs -l stack-size -x -a '4K 8K 16K 32K 64K'
complete -c mkxipfs -l level -x -a '(seq 12)'
