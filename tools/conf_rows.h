/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How rows of the grammar are written: keyword, member, range, effect, test. In each
 * table OBJ is the type of the block's object.
 *
 * The effect is one phrase; of a keyword without effect it says why. The test is what
 * observes the effect: SCRIPT:CASE, or "none yet". That the keyword reaches the model
 * is seen for each row by conf_rows_t.
 */
#ifndef HALB_CONF_ROWS_H
#define HALB_CONF_ROWS_H

#include "conf_priv.h"

#define SEC		1000000LL
#define YEAR		(365 * 86400 * SEC)

#define ROW(kw, fn, fl, member, lo, hi, ar, eff, tst) \
	{ .keyword = kw, .take = fn, .flags = fl, .offset = offsetof(OBJ, member), \
	  .min = lo, .max = hi, .arg = ar, .effect = eff, .test = tst }

#define U8(kw, member, lo, hi, eff, tst)	ROW(kw, take_u8, 0, member, lo, hi, 0, eff, tst)
#define U16(kw, member, lo, hi, eff, tst)	ROW(kw, take_u16, 0, member, lo, hi, 0, eff, tst)
#define U32(kw, member, lo, hi, eff, tst)	ROW(kw, take_u32, 0, member, lo, hi, 0, eff, tst)
#define INT(kw, member, lo, hi, eff, tst)	ROW(kw, take_int, 0, member, lo, hi, 0, eff, tst)
#define TIME(kw, member, lo, hi, eff, tst)	ROW(kw, take_time, 0, member, lo, hi, 0, eff, tst)
#define FLAG(kw, member, eff, tst)		ROW(kw, take_flag, 0, member, 0, 0, 1, eff, tst)
#define UNFLAG(kw, member, eff, tst)		ROW(kw, take_flag, 0, member, 0, 0, 0, eff, tst)
#define BOOL(kw, member, eff, tst)		ROW(kw, take_bool, 0, member, 0, 0, 0, eff, tst)
#define TRI(kw, member, eff, tst)		ROW(kw, take_tristate, 0, member, 0, 0, 0, eff, tst)
#define STRING(kw, member, eff, tst) \
	ROW(kw, take_string, ROW_TEXT, member, 0, 0, 0, eff, tst)
#define IFNAME(kw, member, eff, tst)		ROW(kw, take_ifname, 0, member, 0, 0, 0, eff, tst)
#define ADDR(kw, member, eff, tst)		ROW(kw, take_address, 0, member, 0, 0, 0, eff, tst)
/* a script, perhaps with a user and a group; SCRIPT1: a script alone */
#define SCRIPT(kw, member, eff, tst) \
	ROW(kw, take_script, ROW_TEXT, member, 0, 0, 0, eff, tst)
#define SCRIPT1(kw, member, eff, tst) \
	ROW(kw, take_script, ROW_TEXT, member, 0, 0, 1, eff, tst)
/* a function of its own */
#define OWN(kw, fn, fl, eff, tst) \
	{ .keyword = kw, .take = fn, .flags = fl, .effect = eff, .test = tst }
#define BLOCK(kw, fn, fl, ch, eff, tst) \
	{ .keyword = kw, .take = fn, .flags = ROW_BLOCK | (fl), .child = ch, .effect = eff, \
	  .test = tst }
#define NONE(kw, eff) \
	{ .keyword = kw, .take = take_nothing, .flags = ROW_NO_EFFECT, .effect = eff, \
	  .test = "conf_rows_t" }
#define REFUSE(kw, eff) \
	{ .keyword = kw, .take = take_refused, .flags = ROW_REFUSED, .effect = eff, \
	  .test = "conf_rows_t" }

#endif
