#include "audit/lvm_text.h"

enum { MAX_DEPTH = 8 };

struct parser {
    struct glc_span s;
    size_t at;
    struct glc_arena *arena;
    bool bad;
};

static uint8_t peek(struct parser *p)
{
    while (p->at < p->s.len) {
        uint8_t c = p->s.ptr[p->at];
        if (c == '#') {
            while (p->at < p->s.len && p->s.ptr[p->at] != '\n')
                p->at++;
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            p->at++;
        } else {
            return c;
        }
    }
    return 0;
}

static bool eat(struct parser *p, uint8_t c)
{
    if (peek(p) != c)
        return false;
    p->at++;
    return true;
}

static struct glc_lvm_node *node(struct parser *p, enum glc_lvm_kind kind)
{
    struct glc_lvm_node *n = glc_arena_alloc(p->arena, sizeof *n);
    if (n == NULL)
        p->bad = true;
    else
        n->kind = kind;
    return n;
}

static bool is_word(uint8_t c)
{
    return glc_ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' || c == ':';
}

static struct glc_span word(struct parser *p)
{
    (void)peek(p);
    size_t from = p->at;
    while (p->at < p->s.len && is_word(p->s.ptr[p->at]))
        p->at++;
    return glc_span_sub(p->s, from, p->at - from);
}

static struct glc_lvm_node *scalar(struct parser *p)
{
    if (eat(p, '"')) {
        struct glc_lvm_node *n = node(p, GLC_LVM_STRING);
        size_t from = p->at;
        while (p->at < p->s.len && p->s.ptr[p->at] != '"')
            p->at += p->s.ptr[p->at] == '\\' && p->s.len - p->at > 1 ? 2 : 1;
        if (n != NULL)
            n->text = glc_span_sub(p->s, from, p->at - from);
        p->bad |= !eat(p, '"');
        return n;
    }
    struct glc_span w = word(p);
    struct glc_lvm_node *n = node(p, GLC_LVM_NUMBER);
    uint64_t v = 0;
    for (size_t i = 0; i < w.len && w.ptr[i] >= '0' && w.ptr[i] <= '9'; i++)
        v = v > UINT64_MAX / 16 ? UINT64_MAX / 16 : v * 10 + (uint64_t)(w.ptr[i] - '0');
    p->bad |= w.len == 0;
    if (n != NULL)
        n->number = v;
    return n;
}

static struct glc_lvm_node *value(struct parser *p)
{
    if (!eat(p, '['))
        return scalar(p);
    struct glc_lvm_node *list = node(p, GLC_LVM_LIST);
    struct glc_lvm_node **tail = list != NULL ? &list->child : NULL;
    while (tail != NULL && !p->bad && peek(p) != ']') {
        *tail = scalar(p);
        if (*tail == NULL)
            break;
        tail = &(*tail)->next;
        if (!eat(p, ','))
            break;
    }
    p->bad |= !eat(p, ']');
    return list;
}

static void members(struct parser *p, struct glc_lvm_node *section, int depth)
{
    struct glc_lvm_node **tail = &section->child;
    while (!p->bad && peek(p) != 0 && peek(p) != '}') {
        struct glc_span key = word(p);
        struct glc_lvm_node *n;
        if (key.len == 0 || depth == MAX_DEPTH) {
            p->bad = true;
        } else if (eat(p, '{')) {
            n = *tail = node(p, GLC_LVM_SECTION);
            if (n != NULL)
                members(p, n, depth + 1);
            p->bad |= !eat(p, '}');
        } else if (eat(p, '=')) {
            *tail = value(p);
        } else {
            p->bad = true;
        }
        if (!p->bad && *tail != NULL) {
            (*tail)->key = key;
            tail = &(*tail)->next;
        }
    }
}

struct glc_lvm_node *glc_lvm_parse(struct glc_span text, struct glc_arena *arena)
{
    struct parser p = { .s = text, .arena = arena };
    struct glc_lvm_node *root = node(&p, GLC_LVM_SECTION);
    if (root != NULL)
        members(&p, root, 0);
    return p.bad || peek(&p) != 0 ? NULL : root;
}

const struct glc_lvm_node *glc_lvm_get(const struct glc_lvm_node *n, const char *key)
{
    if (n == NULL || n->kind != GLC_LVM_SECTION)
        return NULL;
    for (const struct glc_lvm_node *c = n->child; c != NULL; c = c->next)
        if (glc_span_is(c->key, key))
            return c;
    return NULL;
}

uint64_t glc_lvm_number(const struct glc_lvm_node *n, const char *key, uint64_t other)
{
    const struct glc_lvm_node *c = glc_lvm_get(n, key);
    return c != NULL && c->kind == GLC_LVM_NUMBER ? c->number : other;
}
