/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading these addresses, at which nothing is mapped, marks begin and end in the
 * page faults that Xen's trace shows.
 */
#ifndef MARKS_H
#define MARKS_H

#define MARK_BEGIN	0xb60u
#define MARK_END	0xe60u

#endif
