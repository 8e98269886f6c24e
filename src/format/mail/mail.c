#include "format/mail/mail.h"

#include "format/mail/mail_decode.h"
#include "format/text/text.h"

enum {
    MAX_BOUNDARIES = 64,
    LONGEST_BOUNDARY = 200, /* RFC 2046 allows 70 */
    BID = 30,
    MIME_BID = 28,
};

struct walk {
    struct glc_parse *p;
    struct glc_span boundary[MAX_BOUNDARIES];
    size_t boundaries;
    bool going;
};

static size_t line_end(struct glc_span s, size_t at)
{
    const uint8_t *nl = at < s.len ? memchr(s.ptr + at, '\n', s.len - at) : NULL;
    return nl != NULL ? (size_t)(nl - s.ptr) + 1 : s.len;
}

static bool istarts(struct glc_span s, const char *small)
{
    size_t n = strlen(small);
    return s.len >= n && glc_span_ieq(glc_span(s.ptr, n), glc_span(small, n));
}

/* Offset of small letters in `s` from `from` on, whatever their case; SIZE_MAX: not there. */
static size_t ifind(struct glc_span s, size_t from, const char *small)
{
    size_t n = strlen(small);
    for (size_t i = from; i < s.len && s.len - i >= n; i++)
        if (glc_ascii_lower(s.ptr[i]) == (uint8_t)small[0] &&
            glc_span_ieq(glc_span(s.ptr + i, n), glc_span(small, n)))
            return i;
    return SIZE_MAX;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct glc_span trimmed(struct glc_span s)
{
    while (s.len != 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    while (s.len != 0 && is_blank(s.ptr[0]))
        s = glc_span_sub(s, 1, UINT64_MAX);
    return s;
}

/* The value of a parameter behind its `=`, quoted or bare. */
static struct glc_span parameter(struct glc_span s, size_t at)
{
    while (at < s.len && (is_blank(s.ptr[at]) || s.ptr[at] == '='))
        at++;
    bool quoted = at < s.len && s.ptr[at] == '"';
    at += quoted ? 1 : 0;
    size_t end = at;
    while (end < s.len &&
           (quoted ? s.ptr[end] != '"' && s.ptr[end] != '\n' : !is_blank(s.ptr[end]) && s.ptr[end] != ';'))
        end++;
    return glc_span_sub(s, at, end - at);
}

static void learn(struct walk *w, struct glc_span b)
{
    b = trimmed(b);
    if (b.len == 0 || b.len > LONGEST_BOUNDARY || w->boundaries == MAX_BOUNDARIES)
        return;
    for (size_t i = 0; i < w->boundaries; i++)
        if (glc_span_eq(w->boundary[i], b))
            return;
    w->boundary[w->boundaries++] = b;
}

/* Boundaries that are declared anywhere, and lines with two dashes that a header follows: one that is
 * declared in a way that we do not read (comments, encoded words, continuations) is used all the same. */
static void learn_boundaries(struct walk *w)
{
    struct glc_span s = w->p->data;
    for (size_t at = 0; (at = ifind(s, at, "boundary")) != SIZE_MAX; at += 8)
        if (at + 8 < s.len && (s.ptr[at + 8] == '=' || is_blank(s.ptr[at + 8]) || s.ptr[at + 8] == '*'))
            learn(w, parameter(s, at + 8));
    for (size_t at = 0; at < s.len;) {
        size_t end = line_end(s, at);
        struct glc_span line = glc_span_sub(s, at, end - at);
        if (line.len > 3 && line.ptr[0] == '-' && line.ptr[1] == '-' &&
            istarts(glc_span_sub(s, end, UINT64_MAX), "content-"))
            learn(w, glc_span_sub(line, 2, UINT64_MAX));
        const uint8_t *next = end < s.len ? memchr(s.ptr + end - 1, '-', s.len - end + 1) : NULL;
        if (next == NULL)
            return;
        while (end < s.len && line_end(s, end) <= (size_t)(next - s.ptr))
            end = line_end(s, end);
        at = end;
    }
}

/* Is the line at `at` a boundary of any part? */
static bool is_boundary(const struct walk *w, size_t at)
{
    struct glc_span s = glc_span_sub(w->p->data, at, UINT64_MAX);
    if (s.len < 3 || s.ptr[0] != '-' || s.ptr[1] != '-')
        return false;
    s = glc_span_sub(s, 2, UINT64_MAX);
    for (size_t i = 0; i < w->boundaries; i++)
        if (glc_span_starts(s, w->boundary[i]))
            return true;
    return false;
}

/* Does the boundary line at `at` end its parts ("--b--")? */
static bool is_last_boundary(const struct walk *w, size_t at)
{
    struct glc_span s = glc_span_sub(w->p->data, at + 2, UINT64_MAX);
    for (size_t i = 0; i < w->boundaries; i++)
        if (glc_span_starts(s, w->boundary[i]) &&
            glc_span_starts(glc_span_sub(s, w->boundary[i].len, UINT64_MAX), glc_span_str("--")))
            return true;
    return false;
}

/* The next boundary line at or after `at`; `end` where there is none before it. */
static size_t next_boundary(const struct walk *w, size_t at, size_t end)
{
    struct glc_span s = glc_span_sub(w->p->data, 0, end);
    while (at < s.len) {
        if (is_boundary(w, at))
            return at;
        size_t hit = glc_span_find(glc_span_sub(s, at, UINT64_MAX), glc_span_str("\n--"));
        if (hit == SIZE_MAX)
            break;
        at += hit + 1;
    }
    return s.len;
}

static void yield_output(struct walk *w, struct glc_output *out, bool whole, struct glc_span name,
                         const char *how)
{
    if (!whole)
        w->p->unread(w->p, out->why != NULL ? out->why : "limit: memory", 0);
    struct glc_child child = { .data = glc_output_span(out), .name = name, .how = how, .packed = out->len };
    if (child.data.len != 0 && w->going)
        w->going = w->p->yield(w->p, &child);
}

typedef bool decode(struct glc_span text, struct glc_output *out);

static void yield_decoded(struct walk *w, struct glc_span body, decode *by, struct glc_span name,
                          const char *how)
{
    struct glc_arena_mark mark = glc_arena_mark(w->p->arena);
    struct glc_output out;
    glc_output_init(&out, w->p, body.len);
    bool whole = by(body, &out);
    yield_output(w, &out, whole, name, how);
    glc_arena_rewind(w->p->arena, mark);
}

/* Files in the old form, wherever in a body: a line "begin 644 name". */
static void yield_uu(struct walk *w, struct glc_span body)
{
    for (size_t at = 0; at < body.len && w->going; at = line_end(body, at)) {
        struct glc_span line = glc_span_sub(body, at, line_end(body, at) - at);
        if (line.len < 10 || memcmp(line.ptr, "begin ", 6) != 0 || line.ptr[6] < '0' || line.ptr[6] > '7')
            continue;
        const uint8_t *blank = memchr(line.ptr + 6, ' ', line.len - 6);
        struct glc_span name = blank != NULL
                                   ? trimmed(glc_span_sub(line, (size_t)(blank - line.ptr), UINT64_MAX))
                                   : glc_span(NULL, 0);
        yield_decoded(w, glc_span_sub(body, at + line.len, UINT64_MAX), glc_mail_uu, name, "uuencode");
    }
}

static struct glc_span part_name(struct glc_span headers)
{
    size_t at = ifind(headers, 0, "filename");
    size_t n = 8;
    if (at == SIZE_MAX) {
        at = ifind(headers, 0, "name=");
        n = 4;
    }
    return at == SIZE_MAX ? glc_span(NULL, 0) : parameter(headers, at + n);
}

static void yield_plain(struct walk *w, struct glc_span body, struct glc_span name)
{
    struct glc_child plain = { .data = body, .name = name, .how = "part", .packed = body.len };
    if (body.len != 0 && w->going)
        w->going = w->p->yield(w->p, &plain);
}

/* One part: its headers, and its body by every encoding that may be meant. The body of a message that says to
 * be of parts is what nobody shows. */
static void read_part(struct walk *w, struct glc_span part, bool top)
{
    size_t at = 0;
    while (at < part.len) { /* headers end at a line of blanks, or where no header can be */
        size_t end = line_end(part, at);
        if (trimmed(glc_span_sub(part, at, end - at)).len == 0)
            break;
        at = end;
    }
    struct glc_span headers = glc_span_sub(part, 0, at);
    struct glc_span body = glc_span_sub(part, line_end(part, at), UINT64_MAX);
    struct glc_span name = part_name(headers);
    size_t encoding = ifind(headers, 0, "content-transfer-encoding");
    struct glc_span said =
        encoding != SIZE_MAX ? glc_span_sub(headers, encoding, UINT64_MAX) : glc_span(NULL, 0);
    bool base64 = ifind(said, 0, "base64") != SIZE_MAX,
         quoted = ifind(said, 0, "quoted-printable") != SIZE_MAX;
    bool guessed = !base64 && glc_mail_looks_base64(body);
    if (guessed)
        w->p->note(w->p, "base64 that no header names", 0);
    if (base64 || guessed)
        yield_decoded(w, body, glc_mail_base64, name, "base64");
    if (quoted && w->going)
        yield_decoded(w, body, glc_mail_quoted, name, "quoted-printable");
    bool preamble = top && ifind(headers, 0, "multipart/") != SIZE_MAX;
    if (!base64 && !guessed && !quoted && !preamble)
        yield_plain(w, body, name);
    if (w->going)
        yield_uu(w, body);
}

/* The part behind the boundary line at `at`. Behind the last one there are no headers, unless there are. */
static void read_behind(struct walk *w, size_t at, struct glc_span part)
{
    if (!is_last_boundary(w, at) || istarts(part, "content-"))
        read_part(w, part, false);
    else if (trimmed(part).len != 0)
        yield_plain(w, part, glc_span(NULL, 0));
}

/* False: out of time. */
static bool read_message(struct walk *w, size_t from, size_t end)
{
    struct glc_span s = w->p->data;
    size_t at = next_boundary(w, from, end);
    read_part(w, glc_span_sub(s, from, at - from), true);
    while (at < end && w->going) {
        size_t boundary = at, begin = line_end(s, at);
        begin = begin < end ? begin : end;
        at = next_boundary(w, begin, end);
        read_behind(w, boundary, glc_span_sub(s, begin, at - begin));
        if (!glc_budget_time(w->p->budget)) {
            w->p->unread(w->p, "timeout", at);
            return false;
        }
    }
    return true;
}

/* Where the message that begins at `from` ends: in a mailbox at a line "From " behind an empty line. */
static size_t message_end(struct glc_span s, size_t from)
{
    size_t at = from;
    for (size_t hit;
         (hit = glc_span_find(glc_span_sub(s, at, UINT64_MAX), glc_span_str("\nFrom "))) != SIZE_MAX;) {
        at += hit + 1;
        if (s.ptr[at - 2] == '\n' || (at >= from + 3 && s.ptr[at - 2] == '\r' && s.ptr[at - 3] == '\n'))
            return at;
    }
    return s.len;
}

/* Mail for `clamscan` begins with one of these. */
static bool is_known(struct glc_span prefix)
{
    static const char *const known[] = {
        "From: ",         "From ",
        "Received: ",     "Return-Path: ",
        "Return-path: ",  "Subject: ",
        "Date: ",         "Message-ID: ",
        "Message-Id: ",   "X-Original-To: ",
        "X-UIDL: ",       "To: ",
        "For: ",          "X-Apparently-To: ",
        "X-Sieve: ",      "X-Envelope-From: ",
        "Delivered-To: ", "Envelope-to: ",
        "X-Symantec-: ",
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (glc_span_starts(prefix, glc_span_str(known[i])))
            return true;
    return glc_span_starts(prefix, glc_span_str("Hi. This is the qmail-send"));
}

/* What is no mail to others is text to them. */
static void parse(struct glc_parse *p)
{
    if (!is_known(p->data) && !glc_text_yield_normalised(p))
        return;
    struct walk w = { .p = p, .going = true };
    bool mailbox = glc_span_starts(p->data, glc_span_str("From "));
    learn_boundaries(&w);
    for (size_t from = 0; from < p->data.len && w.going;) {
        size_t end = mailbox ? message_end(p->data, from) : p->data.len;
        if (!read_message(&w, from, end))
            return;
        from = end;
    }
}

/* With the others a message may begin too. */
static int bid(struct glc_span prefix, uint64_t size)
{
    static const char *const other[] = { "mime-version:", "content-type:", "x-",
                                         "content-transfer-encoding:" };
    (void)size;
    if (prefix.len >= 3 && memcmp(prefix.ptr, "\xef\xbb\xbf", 3) == 0)
        prefix = glc_span_sub(prefix, 3, UINT64_MAX);
    if (is_known(prefix))
        return BID;
    if (glc_span_starts(prefix, glc_span_str("Reply-To: ")))
        return BID;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (istarts(prefix, other[i]) && ifind(glc_span_sub(prefix, 0, 1024), 0, "content-t") != SIZE_MAX)
            return MIME_BID;
    return 0;
}

const struct glc_format glc_format_mail = {
    .name = "mail", .cls = GLC_CLASS_MAIL, .bid = bid, .parse = parse
};
