/* Where our own code ends and that of libraries begins: linked behind all our archives, for start.S. */
    .text
    .globl glc_own_end
    .hidden glc_own_end
glc_own_end:
    int3

    .section .note.GNU-stack, "", @progbits
