/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocates and frees at random, in interrupts as well, with the allocator of kernel patch "slab:
 * allow objects of all sizes to share pages", and looks after each step whether an object is where
 * no other is, aligned as kmalloc() promises, and still has what was written to it: if it is of a
 * cache with SLAB_TYPESAFE_BY_RCU, until the grace period ends. Usage: test SEED
 */

#include "kernel.h"

#define OBJECTS 2000
#define STEPS   100000
#define PAGES   4096
#define AT_MOST 33 /* pages that are looked at before an interrupt may come */

#define require(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("line %d: not so: %s\n", __LINE__, #condition);                     \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

struct object {
	unsigned char *start;
	size_t size;
	unsigned char content;
	struct kmem_cache *cache; /* NULL for kmalloc() */
	bool waits;               /* freed, but for the grace period */
};

int warnings;
long slab_bytes;
unsigned long reclaimed_pages;
unsigned pages_looked_at;
enum slab_state slab_state;
LIST_HEAD(slab_caches);
struct kmem_cache *kmem_cache;

static struct folio *pages[PAGES];
static int page_count;
static struct object objects[OBJECTS];
static int object_count;
static struct kmem_cache caches[4];
static struct rcu_head *callbacks;
static bool in_interrupt;

struct folio *folio_alloc(gfp_t flags, unsigned order)
{
	struct folio *folio = calloc(1, sizeof(*folio));

	require(page_count < PAGES);
	folio->size = PAGE_SIZE << order;
	folio->slab.memory = aligned_alloc(folio->size, folio->size);
	memset(folio->slab.memory, flags & __GFP_ZERO ? 0 : 0xa5, folio->size);
	pages[page_count++] = folio;
	return folio;
}

void folio_put(struct folio *folio)
{
	int i = 0;

	while (pages[i] != folio)
		i++;
	pages[i] = pages[--page_count];
	free(folio->slab.memory);
	free(folio);
}

struct folio *virt_to_folio(const void *address)
{
	for (int i = 0; i < page_count; i++)
		if ((size_t)((const char *)address - pages[i]->slab.memory) < pages[i]->size)
			return pages[i];
	printf("%p is in no page\n", address);
	exit(1);
}

void call_rcu(void *head, void (*func)(struct rcu_head *head))
{
	struct rcu_head *callback = head;

	callback->func = func;
	callback->next = callbacks;
	callbacks = callback;
}

static void construct(void *object)
{
	memset(object, 0x5a, 8);
}

static void look_at(const struct object *object)
{
	for (size_t i = 0; i < object->size; i++)
		require(object->start[i] == object->content);
}

/* What waited is nobody's from here on. */
static void end_of_grace_period(void)
{
	struct rcu_head *head, *ended = callbacks;

	callbacks = NULL;
	for (int i = object_count - 1; i >= 0; i--) {
		if (!objects[i].waits)
			continue;
		look_at(&objects[i]);
		objects[i] = objects[--object_count];
	}
	while ((head = ended)) {
		ended = head->next;
		head->func(head);
	}
}

static void check_place(const struct object *new)
{
	for (int i = 0; i < object_count; i++)
		require(new->start + new->size <= objects[i].start ||
			objects[i].start + objects[i].size <= new->start);
}

static size_t random_size(void)
{
	switch (rand() % 8) {
	case 0:
		return 1 + (size_t)rand() % 32;
	case 1:
		return (size_t)8 << rand() % 10; /* powers of two, to a page */
	case 2:
		return 4000 + (size_t)rand() % 200; /* about what fits in a page */
	case 3:
		return 1 + (size_t)rand() % 20000;
	default:
		return 1 + (size_t)rand() % 700;
	}
}

static struct object from_kmalloc(void)
{
	struct object new = {.size = random_size()};
	size_t room, align = new.size & -new.size; /* what kmalloc() promises */
	bool zero = rand() % 2;

	new.start = __kmalloc_noprof(new.size, zero ? __GFP_ZERO : 0);
	align = align < 8 ? 8 : align > PAGE_SIZE ? PAGE_SIZE : align;
	require((uintptr_t) new.start % align == 0);
	room = __ksize(new.start);
	require(room >= new.size);
	require(room == kmalloc_size_roundup(new.size));
	for (size_t i = 0; zero && i < room; i++)
		require(!new.start[i]); /* krealloc() relies on it */
	return new;
}

static struct object from_cache(struct kmem_cache *cache)
{
	struct object new = {.size = cache->object_size, .cache = cache};

	new.start = kmem_cache_alloc_noprof(cache, 0);
	require((uintptr_t) new.start % cache->align == 0);
	require(!cache->ctor || (new.start[0] == 0x5a && new.start[7] == 0x5a));
	return new;
}

static void add(struct object new)
{
	int before = warnings;

	check_place(&new);
	new.content = (unsigned char)rand();
	memset(new.start, new.content, new.size);
	objects[object_count++] = new;
	if (rand() % 16 == 0 && new.size > 32) {
		kfree(new.start + 16); /* no object begins there */
		require(warnings == before + 1);
	}
}

/* What waits for the grace period stays in the list. */
static void drop(int i)
{
	struct object old = objects[i];

	if (old.waits)
		return;
	look_at(&old);
	if (old.cache && old.cache->flags & SLAB_TYPESAFE_BY_RCU)
		objects[i].waits = true;
	else
		objects[i] = objects[--object_count];
	if (!old.cache || rand() % 3 == 0)
		kfree(old.start); /* which is as good for objects of caches */
	else if (rand() % 2)
		kmem_cache_free(old.cache, old.start);
	else
		kmem_cache_free_bulk(rand() % 2 ? old.cache : NULL, 1, (void *[]){old.start});
}

static void step(void)
{
	bool grow = object_count < 300 || (object_count < OBJECTS && rand() % 2);

	if (!grow)
		drop(rand() % object_count);
	else if (rand() % 3)
		add(from_kmalloc());
	else
		add(from_cache(&caches[rand() % 4]));
}

void interrupts_on(void)
{
	require(pages_looked_at <= AT_MOST);
	if (in_interrupt || rand() % 8)
		return;
	in_interrupt = true;
	step();
	in_interrupt = false;
}

#ifdef LINUX_7_3
/* What is allocated from a sheaf is as other objects, and the rest goes back with it. */
static void use_a_sheaf(struct kmem_cache *cache)
{
	struct slab_sheaf *sheaf = kmem_cache_prefill_sheaf(cache, 0, 3);
	int before = object_count;

	require(kmem_cache_sheaf_size(sheaf) >= 3);
	require(!kmem_cache_refill_sheaf(cache, 0, &sheaf, 20));
	require(kmem_cache_sheaf_size(sheaf) >= 20);
	for (int i = 0; i < 18; i++) {
		struct object new = {.size = cache->object_size, .cache = cache};

		new.start = kmem_cache_alloc_from_sheaf_noprof(cache, 0, sheaf);
		require(new.start);
		add(new);
	}
	require(kmem_cache_sheaf_size(sheaf) >= 2);
	kmem_cache_return_sheaf(cache, 0, sheaf);
	require(object_count == before + 18);
}

/* krealloc() keeps the content, and kfree_rcu() finds the object that has the head. */
static void grow_and_free_by_rcu(size_t size)
{
	struct object new = {.size = 2 * size};
	unsigned char *old = __kmalloc_noprof(size, 0);

	memset(old, 0x77, size);
	new.start = krealloc_node_align_noprof(old, new.size, 1, 0, NUMA_NO_NODE);
	for (size_t i = 0; i < size; i++)
		require(new.start[i] == 0x77);
	call_rcu(new.start + size - 16, kvfree_rcu_cb);
	end_of_grace_period();
}
#endif

/* Who frees with kfree() what the page allocator gave keeps it. */
static void free_a_page(void)
{
	struct folio *folio = folio_alloc(0, 0);
	int before = warnings, count = page_count;

	kfree(folio_address(folio));
	require(warnings == before + 1 && page_count == count);
	folio_put(folio);
}

int main(int argc, char **argv)
{
	static struct kmem_cache no_cache;
	struct kmem_cache_args plain = {.align = 8}, constructed = {.align = 32, .ctor = construct},
			       aligned = {.align = 512};

	srand(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
	require(!do_kmem_cache_create(&caches[0], "plain", 136, &plain, 0));
	require(!do_kmem_cache_create(&caches[1], "constructed", 331, &constructed, 0));
	require(!do_kmem_cache_create(
		&caches[2], "typesafe", 1292, &constructed, SLAB_TYPESAFE_BY_RCU));
	require(!do_kmem_cache_create(&caches[3], "aligned", 3990, &aligned, 0));
	require(do_kmem_cache_create(&no_cache, "too large", 4030, &plain, SLAB_TYPESAFE_BY_RCU) ==
		-EINVAL);
	for (int i = 0; i < STEPS; i++) {
		step();
		if (rand() % 16 == 0)
			end_of_grace_period();
	}
	free_a_page();
#ifdef LINUX_7_3
	in_interrupt = true;
	use_a_sheaf(&caches[0]);
	for (size_t size = 64; size < 3 * PAGE_SIZE; size = size * 2 + 16)
		grow_and_free_by_rcu(min(size, PAGE_SIZE));
	in_interrupt = false;
#endif
	printf("%d objects in %ld bytes of pages\n", object_count, slab_bytes);
	in_interrupt = true; /* no more of them */
	while (object_count) {
		drop(object_count - 1);
		end_of_grace_period();
	}
	require(!page_count && !slab_bytes);
	require(reclaimed_pages > 100);
	require(warnings > 100);
	return 0;
}
