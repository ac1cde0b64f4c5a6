/*
 * test_diff_random.c - random pairs of trees against a naive oracle, which looks at whole arrays where diff sees a
 * stream: what lies above and below each path it finds by searching for it.
 */
#include "diff_fixture.h"

#define BIT(name) ATTR_BIT(ATTR_##name)
#define FOLLOWS   (BIT(MTIME) | BIT(CTIME) | BIT(SIZE) | BIT(LINKS))
#define CONFIG    (ATTR_ALL & ~(BIT(MTIME) | BIT(CTIME) | BIT(BTIME) | BIT(INODE) | BIT(LINKS)))

enum { SPECS_MAX = 1024 };

struct list {
	struct spec specs[SPECS_MAX];
	size_t count;
};

struct world {
	uint64_t seed;
	struct policy *policy;
	struct list a, b;
};

static unsigned next_random(struct world *world, unsigned below)
{
	/* xorshift64, Marsaglia 2003 */
	world->seed ^= world->seed << 13;
	world->seed ^= world->seed >> 7;
	world->seed ^= world->seed << 17;
	return (unsigned)(world->seed >> 33) % below;
}

static const struct spec *find(const struct list *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->specs[i].path, path) == 0)
			return &list->specs[i];
	}
	return NULL;
}

static bool is_type(const struct spec *spec, enum file_type type)
{
	return spec->state[ATTR_TYPE] == VALUE && spec->variant[ATTR_TYPE] == (unsigned char)type;
}

static bool is_blind(const struct spec *spec)
{
	return spec &&
	       (spec->state[ATTR_TYPE] == FAILED || (is_type(spec, TYPE_DIR) && spec->state[ATTR_CONTENT] == FAILED));
}

/* --- making trees --- */

static struct spec random_spec(struct world *world, const char *path)
{
	static const enum file_type types[] = { TYPE_DIR, TYPE_DIR, TYPE_FILE, TYPE_FILE, TYPE_SYMLINK };
	struct spec spec = spec_of(path, types[next_random(world, ARRAY_SIZE(types))]);

	spec.digest_bytes = 500;
	if (is_type(&spec, TYPE_FILE) && next_random(world, 6) == 0)
		spec.head = HEAD_ELF;
	return spec;
}

static void mutate(struct world *world, struct spec *spec)
{
	static const unsigned char states[] = { VALUE, VALUE, VALUE, NONE, UNRECORDED, FAILED };
	static const enum attr often[] = { ATTR_MTIME, ATTR_CTIME, ATTR_SIZE, ATTR_LINKS, ATTR_INODE, ATTR_CONTENT };

	if (next_random(world, 60) == 0) {
		memset(spec->state, FAILED, sizeof(spec->state));
		return;
	}
	if (next_random(world, 20) == 0)
		*spec = random_spec(world, spec->path);
	/* directories mostly as they change in life */
	if (is_type(spec, TYPE_DIR) && next_random(world, 3) > 0) {
		spec->variant[ATTR_MTIME] = 2;
		spec->variant[ATTR_LINKS] = (unsigned char)(1 + next_random(world, 4) / 3);
		if (next_random(world, 6) == 0)
			spec->state[ATTR_CONTENT] = FAILED;
		return;
	}
	for (unsigned times = next_random(world, 4); times > 0; times--) {
		enum attr attr = next_random(world, 3) ? often[next_random(world, ARRAY_SIZE(often))]
						       : (enum attr)next_random(world, ATTR_COUNT);

		if (attr == ATTR_TYPE)
			continue;
		if (next_random(world, 4) == 0)
			spec->state[attr] = states[next_random(world, ARRAY_SIZE(states))];
		spec->variant[attr] = (unsigned char)(1 + next_random(world, 2));
	}
}

static void add_to(struct world *world, struct list *list, const char *parent, const char *path, bool second)
{
	const struct spec *above = *parent ? find(list, parent) : NULL;
	const struct spec *before = second ? find(&world->a, path) : NULL;

	if (*parent && (!above || !is_type(above, TYPE_DIR) || is_blind(above)))
		return;
	if (next_random(world, 10) < (before ? 1u : second ? 7u : 2u))
		return;
	assert_true(list->count < SPECS_MAX);
	list->specs[list->count] = before ? *before : random_spec(world, path);
	if (is_blind(before) && next_random(world, 2))
		list->specs[list->count] = spec_of(path, TYPE_DIR); /* it can be read now */
	if (next_random(world, before ? 3 : 8) == 0)
		mutate(world, &list->specs[list->count]);
	list->count++;
}

static void add_below(struct world *world, const char *parent, unsigned depth)
{
	/* around the slash in byte order: '!' and '-' come before it, '0' after */
	static const char *const names[] = { "a", "a!", "a-", "a0", "b" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/%s", parent, names[i]);
		add_to(world, &world->a, parent, path, false);
		add_to(world, &world->b, parent, path, true);
		if (depth > 1)
			add_below(world, path, depth - 1);
	}
}

static int by_path(const void *a, const void *b)
{
	return path_compare(bytes_of(((const struct spec *)a)->path), bytes_of(((const struct spec *)b)->path));
}

static void make_trees(struct world *world)
{
	static const char *const tops[] = { "/config", "/log", "/log-volatile", "/none", "/out", "/static" };

	world->a.count = world->b.count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		add_to(world, &world->a, "", tops[i], false);
		add_to(world, &world->b, "", tops[i], true);
		add_below(world, tops[i], 2);
	}
	qsort(world->a.specs, world->a.count, sizeof(world->a.specs[0]), by_path);
	qsort(world->b.specs, world->b.count, sizeof(world->b.specs[0]), by_path);
}

/* --- the oracle --- */

static bool is_program(const struct spec *spec)
{
	/* of the modes a spec can have here none is executable */
	return spec && is_type(spec, TYPE_FILE) && spec->head == HEAD_ELF;
}

static bool below_blind(const struct list *list, const char *path)
{
	char above[128];

	(void)snprintf(above, sizeof(above), "%s", path);
	for (char *slash; (slash = strrchr(above, '/')) && slash != above;) {
		*slash = '\0';
		if (is_blind(find(list, above)))
			return true;
	}
	return false;
}

struct outcome {
	bool judged; /* in scope, and something is known */
	bool held; /* a directory whose times alone differ */
	bool told; /* a line of its own, unless held */
	uint32_t differs, failed_a, failed_b;
	unsigned log;
	struct decision decision;
};

static uint32_t compared_of(const struct spec *a, const struct spec *b, const struct profile *profile)
{
	uint32_t attributes = profile->attributes;

	if (profile->kind == PROFILE_PLAIN)
		return attributes;
	if (is_program(a) || is_program(b))
		return attributes | CONFIG;
	attributes &= ~(BIT(MTIME) | BIT(CTIME));
	if (profile->kind == PROFILE_GROWING && is_type(b ? b : a, TYPE_FILE))
		return attributes;
	return attributes & ~(BIT(SIZE) | BIT(LINKS));
}

static uint32_t compared(const struct spec *a, const struct spec *b, const struct profile *profile)
{
	uint32_t attributes = compared_of(a, b, profile);

	if (((a && is_type(a, TYPE_DIR)) || (b && is_type(b, TYPE_DIR))) && !(attributes & BIT(MTIME)))
		attributes &= ~BIT(SIZE);
	return attributes;
}

static uint32_t differences(const struct spec *a, const struct spec *b)
{
	uint32_t differs = 0;

	for (unsigned i = 0; i < ATTR_COUNT; i++) {
		unsigned states = a->state[i] * 4u + b->state[i];

		if (states == VALUE * 4 + NONE || states == NONE * 4 + VALUE ||
		    (states == VALUE * 4 + VALUE && a->variant[i] != b->variant[i]))
			differs |= ATTR_BIT(i);
	}
	return differs;
}

static bool both_values(const struct spec *a, const struct spec *b, enum attr attr)
{
	return a->state[attr] == VALUE && b->state[attr] == VALUE;
}

static void judge_log(const struct spec *a, const struct spec *b, struct outcome *outcome)
{
	if (both_values(a, b, ATTR_SIZE) && b->variant[ATTR_SIZE] >= a->variant[ATTR_SIZE])
		outcome->differs &= ~BIT(SIZE);
	else if (both_values(a, b, ATTR_SIZE) && (outcome->differs & BIT(SIZE)))
		outcome->log |= LOG_TRUNCATED;
	if (outcome->differs & BIT(INODE))
		outcome->log |= LOG_REPLACED;
	if ((outcome->differs & BIT(CONTENT)) && both_values(a, b, ATTR_CONTENT))
		outcome->log |= LOG_REWRITTEN;
}

static void judge_both(const struct spec *a, const struct spec *b, struct outcome *outcome)
{
	const struct profile *profile = outcome->decision.profile;

	outcome->differs = differences(a, b) & compared(a, b, profile);
	for (unsigned i = 0; i < ATTR_COUNT; i++) {
		if ((outcome->differs & BIT(TYPE)) && !both_values(a, b, (enum attr)i))
			outcome->differs &= ~ATTR_BIT(i);
	}
	if (outcome->differs & BIT(TYPE))
		outcome->told = true;
	else if (profile->kind == PROFILE_GROWING && !is_program(a) && !is_program(b) && is_type(a, TYPE_FILE) &&
		 is_type(b, TYPE_FILE))
		judge_log(a, b, outcome);
	outcome->told = outcome->differs != 0;
	outcome->held = outcome->told && is_type(a, TYPE_DIR) && is_type(b, TYPE_DIR) && !(outcome->differs & ~FOLLOWS);
}

static struct outcome judge(const struct world *world, const char *path)
{
	const struct spec *a = find(&world->a, path), *b = find(&world->b, path);
	const struct spec *now = b ? b : a;
	struct outcome outcome = { .judged = false };
	uint32_t attributes;

	if ((!b && below_blind(&world->b, path)) || (!a && below_blind(&world->a, path)))
		return outcome;
	policy_decide(world->policy, bytes_of(path), is_type(now, TYPE_DIR), &outcome.decision);
	if (!outcome.decision.in_scope)
		return outcome;
	outcome.judged = true;
	attributes = compared(a, b, outcome.decision.profile);
	for (unsigned i = 0; i < ATTR_COUNT; i++) {
		outcome.failed_a |= a && a->state[i] == FAILED ? attributes & ATTR_BIT(i) : 0;
		outcome.failed_b |= b && b->state[i] == FAILED ? attributes & ATTR_BIT(i) : 0;
	}
	if (a && b)
		judge_both(a, b, &outcome);
	else
		outcome.told = outcome.decision.profile->attributes &&
			       (outcome.decision.profile->kind != PROFILE_VOLATILE || is_program(now));
	return outcome;
}

/* What its children explain of a directory. */
static uint32_t explained(const struct world *world, const char *path)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < world->a.count + world->b.count; i++) {
		const struct spec *spec = i < world->a.count ? &world->a.specs[i] : &world->b.specs[i - world->a.count];
		const struct spec *a = find(&world->a, spec->path), *b = find(&world->b, spec->path);
		size_t len = strlen(path);
		struct outcome outcome;

		if (strlen(spec->path) <= len || memcmp(spec->path, path, len) != 0 || spec->path[len] != '/' ||
		    strchr(spec->path + len + 1, '/'))
			continue;
		outcome = judge(world, spec->path);
		if (!outcome.judged || outcome.held)
			continue;
		if (a && b && !outcome.told && outcome.decision.profile->kind != PROFILE_VOLATILE)
			continue;
		if (a && b && both_values(a, b, ATTR_INODE) &&
		    !(differences(a, b) & (BIT(INODE) | BIT(TYPE) | BIT(BTIME) | BIT(TARGET) | BIT(RDEV))))
			continue;
		mask |= FOLLOWS & ~BIT(LINKS);
		if ((a && is_type(a, TYPE_DIR)) || (b && is_type(b, TYPE_DIR)))
			mask |= BIT(LINKS);
	}
	return mask;
}

static void write_change(const struct spec *a, const struct spec *b, const struct outcome *outcome,
			 struct recorder *recorder)
{
	struct change change = { .kind = a && b ? CHANGE_CHANGED
					 : a    ? CHANGE_REMOVED
						: CHANGE_ADDED,
				 .attributes = outcome->differs,
				 .severity = outcome->decision.severity,
				 .log = outcome->log,
				 .path = bytes_of(a ? a->path : b->path) };
	struct err err = ERR_INIT;

	assert_int_equal(recorder_change(recorder, &change, &err), 0);
}

static void expect_path(const struct world *world, const char *path, struct recorder *recorder, uint64_t *followed)
{
	const struct spec *a = find(&world->a, path), *b = find(&world->b, path);
	struct outcome outcome = judge(world, path);
	char side = '\0';

	if (!b && below_blind(&world->b, path))
		return;
	if (is_blind(b))
		side = 'b';
	else if (is_blind(a) && b)
		side = 'a';
	else if (!is_blind(a) && b && outcome.judged && (outcome.failed_a | outcome.failed_b))
		side = outcome.failed_b ? 'b' : 'a';
	if (side)
		(void)buf_printf(&recorder->text, "unexamined %c %s\n", side, path);
	if (!outcome.judged || !outcome.told)
		return;
	if (outcome.held && !(outcome.differs & ~explained(world, path))) {
		(*followed)++;
		return;
	}
	write_change(a, b, &outcome, recorder);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of TEXT in alphabetic order. */
static char *sorted_lines(char *text)
{
	static char *lines[4 * SPECS_MAX];
	struct buf out = BUF_INIT;
	size_t count = 0;

	for (char *line; (line = strsep(&text, "\n")) && text;)
		lines[count++] = line;
	qsort(lines, count, sizeof(lines[0]), by_text);
	for (size_t i = 0; i < count; i++)
		(void)buf_printf(&out, "%s\n", lines[i]);
	(void)buf_reserve(&out, 1);
	return buf_steal_str(&out);
}

static void compare_with_oracle(struct world *world)
{
	const struct diff_options options = { .policy = world->policy };
	struct recorder recorder = { BUF_INIT };
	struct diff_counts counts;
	CLEANUP(freep) char *lines = NULL;
	CLEANUP(freep) char *found = NULL;
	CLEANUP(freep) char *expected = NULL;
	uint64_t followed = 0;

	lines = run_lines(&options, world->a.specs, world->a.count, world->b.specs, world->b.count, &counts);
	for (size_t i = 0; i < world->a.count; i++)
		expect_path(world, world->a.specs[i].path, &recorder, &followed);
	for (size_t i = 0; i < world->b.count; i++) {
		if (!find(&world->a, world->b.specs[i].path))
			expect_path(world, world->b.specs[i].path, &recorder, &followed);
	}
	found = sorted_lines(lines);
	expected = sorted_lines(buf_str(&recorder.text));
	buf_done(&recorder.text);
	if (strcmp(found, expected) != 0)
		fail_msg("found:\n%s\nexpected:\n%s", found, expected);
	assert_int_equal(counts.followed, followed);
}

static void random_trees(void **state)
{
	static struct world world;

	(void)state;
	world.policy = policy_of("version: 1\nrules:\n"
				 "  - {path: /config, profile: config}\n"
				 "  - {path: /log, profile: growing-log, severity: low}\n"
				 "  - {path: /log-volatile, profile: volatile}\n"
				 "  - {path: /log-volatile/a-, profile: static}\n"
				 "  - {path: /none, profile: none}\n"
				 "  - {path: /static, profile: static, severity: high}\n"
				 "  - {path: /static/b, exclude: true}\n"
				 "  - {path: /static/a0, only: files, profile: rotated-log}\n");
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		world.seed = seed * 0x9e3779b97f4a7c15u;
		make_trees(&world);
		compare_with_oracle(&world);
	}
	policy_freep(&world.policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
