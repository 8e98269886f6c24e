/* The programs' first instructions: bring their pages in with three calls, then start as the C library does.
 *
 * A static PIE writes to every page that holds a pointer before main(), some 120 of them OpenSSL's, and its code is
 * touched here and there. Each first touch is a trap, and a trap costs twenty times a page that is brought in beside
 * others (15 us against 0.6 us on a virtual machine; docs/adr/0004-whole-programs.md). A kernel before 5.14 refuses, and the
 * traps come as ever.
 *
 * What lies between our code and the C library's is that of OpenSSL and the unpackers, half of the program, of which a start
 * touches two pieces: it is left alone.
 *
 * At the entry only %rsp and %rdx mean anything (System V ABI for AMD64, 3.4.1); nothing is relocated yet. */
#define SYS_MADVISE 28
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23

    .text
    .globl glc_start
    .type glc_start, @function
    .hidden __ehdr_start
    .hidden __init_array_start
    .hidden _end
    .hidden glc_own_end
glc_start:
    endbr64
    mov %rdx, %r12
    lea __init_array_start(%rip), %rbx /* the first thing of what is written to */
    and $-4096, %rbx

    lea __ehdr_start(%rip), %rdi
    lea glc_own_end(%rip), %rsi
    sub %rdi, %rsi
    mov $MADV_POPULATE_READ, %edx
    mov $SYS_MADVISE, %eax
    syscall

    lea __libc_start_main(%rip), %rdi /* the first of the C library, then what is read only */
    and $-4096, %rdi
    mov %rbx, %rsi
    sub %rdi, %rsi
    mov $MADV_POPULATE_READ, %edx
    mov $SYS_MADVISE, %eax
    syscall

    mov %rbx, %rdi
    lea _end(%rip), %rsi
    sub %rdi, %rsi
    mov $MADV_POPULATE_WRITE, %edx
    mov $SYS_MADVISE, %eax
    syscall

    mov %r12, %rdx
    jmp _start
    .size glc_start, . - glc_start

    .section .note.GNU-stack, "", @progbits
