/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/err.h"

const char *xip_err_name(enum xip_err err)
{
	switch (err) {
	case XIP_OK:
		return "success";
	case XIP_ERR_NOMEM:
		return "out of memory";
	case XIP_ERR_IO:
		return "input or output failed";
	case XIP_ERR_SOURCE:
		return "bad source";
	case XIP_ERR_LIMIT:
		return "over a limit of the format";
	case XIP_ERR_CORRUPT:
		return "malformed data";
	case XIP_ERR_UNSUPPORTED:
		return "unsupported";
	case XIP_ERR_USAGE:
		return "bad usage";
	}
	return "unknown error";
}
