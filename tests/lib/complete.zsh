# SPDX-License-Identifier: GPL-2.0-or-later
# usage: complete.zsh FOLDER LINE
# Prints what zsh offers at the end of LINE with the completions in FOLDER, one a line: in a shell
# of its own behind a terminal, whose compadd also writes down what it is given.
zmodload zsh/zpty || exit 1

typeset -g found=$PWD/offered.zsh line

: >$found
zpty shell "zsh -f -i"
zpty -w shell "PS1= RPS1=; unset zle_bracketed_paste; stty cols 200"
zpty -w shell "fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell "compadd() {
	local -a hits
	[[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] || {
		builtin compadd -A hits \"\$@\"
		print -rl -- \$hits >>${(q)found}
	}
	builtin compadd \"\$@\"
}"
zpty -w shell "finish() { print -r -- '<the end>' >>${(q)found}; }; zle -N finish; bindkey '^X' finish"
zpty -w -n shell "$2"$'\t\C-x'
repeat 300; do
	grep -q '^<the end>$' $found && break
	sleep 0.1
done
zpty -d shell
grep -v '^<the end>$' $found | grep . | sort -u
