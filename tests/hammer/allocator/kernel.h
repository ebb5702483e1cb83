/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of the kernel as mm/slab_packed.c needs, for a program: pages come from aligned_alloc(),
 * locks hold up interrupts_on(), RCU callbacks wait for end_of_grace_period(). Every kernel header
 * that the file includes is this one. LINUX_7_3 says that the file is not that of Linux 6.12.
 */

#ifndef KERNEL_H
#define KERNEL_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned gfp_t;
typedef unsigned slab_flags_t;

#define __GFP_ZERO            1U
#define __GFP_COMP            0U
#define GFP_SLAB_BUG_MASK     0U
#define SLAB_TYPESAFE_BY_RCU  1U
#define ARCH_KMALLOC_MINALIGN 8
#define KMALLOC_MAX_SIZE      ((size_t)128 * 1024)
#define NUMA_NO_NODE          (-1)
#define PAGE_SIZE             4096UL
#define PAGE_MASK             (~(PAGE_SIZE - 1))
#define ZERO_SIZE_PTR         ((void *)16)
#define ZERO_OR_NULL_PTR(p)   ((uintptr_t)(p) <= 16)

#define ALIGN(x, a)        (((x) + (a)-1) / (a) * (a))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define max(a, b)          ((a) > (b) ? (a) : (b))
#define max_t(type, a, b)  max((type)(a), (type)(b))
#define min(a, b)          ((a) < (b) ? (a) : (b))
#define IS_ALIGNED(x, a)   ((x) % (a) == 0)
#define offset_in_page(p)  ((uintptr_t)(p) & ~PAGE_MASK)
#define __ffs(x)           ((unsigned)__builtin_ctzl(x))
#define likely(x)          (x)
#define unlikely(x)        (x)
#define __init
#define _RET_IP_                    0UL
#define EXPORT_SYMBOL(name)         extern int exported_##name
#define DECL_BUCKET_PARAMS(size, b) size_t(size)

#define DECL_TOKEN_PARAMS(size, token)      size_t(size)
#define PASS_TOKEN_PARAMS(size, token)      (size)
#define DECL_KMALLOC_PARAMS(size, b, token) size_t(size)

/* Counts, instead of the kernel's stack trace. */
extern int warnings;
#define WARN(condition, ...) ((condition) ? (warnings++, true) : false)

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name)             struct list_head name = {&(name), &(name)}
#define list_entry(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define list_for_each_entry(p, head, member)                                                       \
	for ((p) = list_entry((head)->next, __typeof__(*(p)), member); &(p)->member != (head);     \
		(p) = list_entry((p)->member.next, __typeof__(*(p)), member))

static inline void list_add_tail(struct list_head *new, struct list_head *head)
{
	new->next = head;
	new->prev = head->prev;
	head->prev->next = new;
	head->prev = new;
}
#define list_add(new, head) list_add_tail(new, head)

static inline void list_rotate_to_front(struct list_head *list, struct list_head *head)
{
	head->prev->next = head->next;
	head->next->prev = head->prev;
	list_add_tail(head, list);
}

static inline void list_del(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
}

/* Bitmaps, one bit after the other. */
#define BITS                       (CHAR_BIT * sizeof(unsigned))
#define DECLARE_BITMAP(name, bits) unsigned name[(bits) / BITS]

static inline bool test_bit(unsigned bit, const unsigned *map)
{
	return map[bit / BITS] >> bit % BITS & 1;
}

static inline void __set_bit(unsigned bit, unsigned *map)
{
	map[bit / BITS] |= 1U << bit % BITS;
}

static inline void __clear_bit(unsigned bit, unsigned *map)
{
	map[bit / BITS] &= ~(1U << bit % BITS);
}

static inline unsigned find_next_bit(const unsigned *map, unsigned size, unsigned bit)
{
	while (bit < size && !test_bit(bit, map))
		bit++;
	return bit < size ? bit : size;
}

static inline unsigned find_next_zero_bit(const unsigned *map, unsigned size, unsigned bit)
{
	while (bit < size && test_bit(bit, map))
		bit++;
	return bit < size ? bit : size;
}

static inline void bitmap_set(unsigned *map, unsigned bit, unsigned count)
{
	while (count--)
		__set_bit(bit++, map);
}

static inline void bitmap_clear(unsigned *map, unsigned bit, unsigned count)
{
	while (count--)
		__clear_bit(bit++, map);
}

static inline void bitmap_zero(unsigned *map, unsigned bits)
{
	memset(map, 0, bits / CHAR_BIT);
}

/* Pages. */
struct slab {
	struct list_head slab_list;
	void *slab_cache;
	unsigned inuse;
	char *memory;
};

struct folio {
	struct slab slab; /* first: either is cast to the other */
	void *mapping, *private;
	bool is_slab;
	size_t size;
};

struct folio *folio_alloc(gfp_t flags, unsigned order);
void folio_put(struct folio *folio);
struct folio *virt_to_folio(const void *address);

#define folio_address(folio)      ((void *)(folio)->slab.memory)
#define slab_address(slab)        (pages_looked_at++, (void *)(slab)->memory)
#define folio_size(folio)         ((folio)->size)
#define folio_slab(folio)         (&(folio)->slab)
#define slab_folio(slab)          ((struct folio *)(slab))
#define folio_test_slab(folio)    ((folio)->is_slab)
#define __folio_set_slab(folio)   ((folio)->is_slab = true)
#define __folio_clear_slab(folio) ((folio)->is_slab = false)

/* Linux 7.3 has pages here, which nobody but the allocator holds. */
#define page                       folio
#define alloc_frozen_pages         folio_alloc
#define free_frozen_pages(p, o)    folio_put(p)
#define virt_to_page               virt_to_folio
#define virt_to_slab(address)      page_slab(virt_to_folio(address))
#define page_slab(p)               ((p)->is_slab ? &(p)->slab : NULL)
#define slab_page(slab)            slab_folio(slab)
#define page_address(p)            folio_address(p)
#define page_size(p)               folio_size(p)
#define compound_order(p)          get_order((p)->size)
#define __SetPageSlab(p)           __folio_set_slab(p)
#define __ClearPageSlab(p)         __folio_clear_slab(p)
#define __SetPageLargeKmalloc(p)   ((p)->private = (p))
#define __ClearPageLargeKmalloc(p) ((p)->private = NULL)
#define PageLargeKmalloc(p)        ((p)->private == (p))

/* What the kernel counts as slab, in bytes. */
extern long slab_bytes;
#define NR_SLAB_UNRECLAIMABLE_B                   0
#define slab_pgdat(slab)                          0
#define mod_node_page_state(node, item, bytes)    (slab_bytes += (long)(bytes))
#define lruvec_stat_mod_folio(folio, item, bytes) (slab_bytes += (long)(bytes))
#define mod_lruvec_page_state(page, item, bytes)  (slab_bytes += (long)(bytes))

/* Pages that freeing gave back, as reclaim wants to know. */
extern unsigned long reclaimed_pages;
#define mm_account_reclaimed_pages(pages) ((void)(reclaimed_pages += (pages)))

static inline unsigned get_order(size_t size)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

/* Interrupts come when they can, and the pages are counted that were looked at when they could not.
 */
extern unsigned pages_looked_at;
void interrupts_on(void);
#define DEFINE_SPINLOCK(name)               int name
#define spin_lock_irqsave(lock, flags)      ((void)(lock), (flags) = 0, (void)(pages_looked_at = 0))
#define spin_unlock_irqrestore(lock, flags) ((void)(lock), (void)(flags), interrupts_on())

struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};
struct kvfree_rcu_head {
	struct rcu_head head;
};
void call_rcu(void *head, void (*func)(struct rcu_head *head));

/* Caches. */
struct kmem_cache {
	slab_flags_t flags;
	unsigned size, object_size, inuse, align;
	void (*ctor)(void *object);
	const char *name;
	struct list_head list;
};

struct kmem_cache_args {
	unsigned align;
	void (*ctor)(void *object);
};

struct list_lru;
struct kmem_obj_info;
enum slab_state { DOWN, UP };
extern enum slab_state slab_state;
extern struct list_head slab_caches;
extern struct kmem_cache *kmem_cache;

#define want_init_on_alloc(flags)                                         ((flags)&__GFP_ZERO)
#define slab_want_init_on_alloc(flags, cache)                             ((flags)&__GFP_ZERO)
#define want_init_on_free()                                               false
#define kmalloc_fix_flags(flags)                                          (flags)
#define create_boot_cache(cache, name, size, flags, useroffset, usersize) ((void)(cache))
#define trace_kmalloc(...)                                                ((void)0)
#define trace_kfree(...)                                                  ((void)0)
#define trace_kmem_cache_alloc(...)                                       ((void)0)
#define trace_kmem_cache_free(...)                                        ((void)0)

#define memzero_explicit(object, size) memset(object, 0, size)
#define struct_size(p, member, count)  (sizeof(*(p)) + (count) * sizeof((p)->member[0]))

void *__kmalloc_noprof(size_t size, gfp_t flags);
void kfree(const void *object);
#ifdef LINUX_7_3
#define __ksize ksize
void kvfree_rcu_cb(struct rcu_head *head);
void *krealloc_node_align_noprof(
	const void *object, size_t size, unsigned long align, gfp_t flags, int node);
struct slab_sheaf *kmem_cache_prefill_sheaf(struct kmem_cache *s, gfp_t flags, unsigned size);
void kmem_cache_return_sheaf(struct kmem_cache *s, gfp_t flags, struct slab_sheaf *sheaf);
int kmem_cache_refill_sheaf(
	struct kmem_cache *s, gfp_t flags, struct slab_sheaf **sheaf, unsigned size);
void *kmem_cache_alloc_from_sheaf_noprof(
	struct kmem_cache *s, gfp_t flags, struct slab_sheaf *sheaf);
unsigned kmem_cache_sheaf_size(struct slab_sheaf *sheaf);
#endif
size_t __ksize(const void *object);
size_t kmalloc_size_roundup(size_t size);
void *kmem_cache_alloc_noprof(struct kmem_cache *cache, gfp_t flags);
void kmem_cache_free(struct kmem_cache *cache, void *object);
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t size, void **objects);
int do_kmem_cache_create(struct kmem_cache *cache, const char *name, unsigned size,
	struct kmem_cache_args *args, slab_flags_t flags);

#endif
