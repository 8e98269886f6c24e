/* How often a byte string is met in clean files, estimated. */
#ifndef GLC_COMPILE_FREQ_H
#define GLC_COMPILE_FREQ_H

#include <stdint.h>

struct glc_freq; /* the decoded tables; const */

struct glc_freq *glc_freq_new(void);
void glc_freq_free(struct glc_freq *f);

/* Occurrences per byte of clean data of a folded run of 3 or 4 bytes (low bytes of `w`). */
float glc_freq_4(const struct glc_freq *f, uint32_t w);
float glc_freq_3(const struct glc_freq *f, uint32_t w);

/* Of a folded window of 8 bytes; `four` is the least glc_freq_4() of the five runs in it. */
float glc_freq_8(const struct glc_freq *f, uint64_t w, float four);

#endif
