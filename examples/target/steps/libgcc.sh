#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step libgcc: the compiler's helper routines for FDPIC programs. Debian has them for ARMv7-M with
# soft float in gcc-arm-none-eabi; the leaf routines there never name an absolute address, so they
# are position independent as they stand. Output: lib/libgcc.a.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

# Integer division and shifts, bit counting, soft float; nothing that unwinds, allocates or prints.
members=(
	_aeabi_lcmp _aeabi_ulcmp _aeabi_ldivmod _aeabi_uldivmod
	_arm_addsubdf3 _arm_addsubsf3 _arm_cmpdf2 _arm_cmpsf2 _arm_fixdfsi _arm_fixsfsi
	_arm_fixunsdfsi _arm_fixunssfsi _arm_muldivdf3 _arm_muldivsf3 _arm_negdf2 _arm_negsf2
	_arm_truncdfsf2 _arm_unorddf2 _arm_unordsf2
	_ashldi3 _ashrdi3 _lshrdi3 _bswapdi2 _bswapsi2 _clzdi2 _clzsi2 _ctzdi2 _ctzsi2
	_cmpdi2 _ucmpdi2 _divdi3 _moddi3 _udivdi3 _umoddi3 _udivmoddi4 _divmoddi4
	_divsi3 _udivsi3 _dvmd_tls _ffsdi2 _ffssi2
	_fixdfdi _fixsfdi _fixunsdfdi _fixunssfdi _muldi3 _negdi2
	_paritydi2 _paritysi2 _popcountdi2 _popcountsi2 _popcount_tab
	_powidf2 _powisf2 _muldc3 _divdc3 _mulsc3 _divsc3
)

from=$(arm-none-eabi-gcc -mthumb -march=armv7-m -mfloat-abi=soft -print-libgcc-file-name)
case $from in
*/thumb/v7-m/nofp/*) ;;
*) die "$from is not the soft-float ARMv7-M libgcc" ;;
esac

mkdir objects lib
cd objects
arm-none-eabi-ar x "$from" "${members[@]/%/.o}"

# The build attributes of bare metal code make the linker refuse it beside Linux code; the note says
# that none of it needs an executable stack.
for object in *.o; do
	arm-none-eabi-objcopy --strip-debug -R .ARM.exidx -R .rel.ARM.exidx -R .ARM.extab \
		-R .rel.ARM.extab -R .ARM.attributes --add-section .note.GNU-stack=/dev/null "$object"
done

# Compiled code refers to the unwinder even when it is never called.
cat >unwind-stub.c <<'STUB'
void __aeabi_unwind_cpp_pr0(void) {}
void __aeabi_unwind_cpp_pr1(void) {}
STUB
arm-linux-gnueabi-gcc -mthumb -mcpu=cortex-m3 -mfloat-abi=soft -Os -fno-unwind-tables \
	-fno-asynchronous-unwind-tables -c unwind-stub.c -o unwind-stub.o
arm-linux-gnueabi-objcopy -R .ARM.attributes -R .ARM.exidx -R .rel.ARM.exidx unwind-stub.o

if arm-none-eabi-readelf -rW ./*.o | grep -E 'R_ARM_(ABS|MOVW_ABS|MOVT_ABS|THM_MOV._ABS|TARGET1|GOT)'; then
	die "a libgcc routine names an absolute address"
fi
arm-linux-gnueabi-ar rcs ../lib/libgcc.a ./*.o
cd ..
rm -rf objects
