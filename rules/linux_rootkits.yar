/*
 * User-space rootkits for Linux: shared objects that are loaded into every process through LD_PRELOAD or
 * /etc/ld.so.preload and hide files, processes and connections.
 */

rule Rootkit_LdPreload_Hides_Files
{
    meta:
        description = "shared object that wraps directory reading and file status, and names the preload file"
        severity = "high"
    strings:
        $preload = "/etc/ld.so.preload"
        $next = "dlsym"
        $r1 = "readdir64" fullword
        $r2 = "readdir" fullword
        $h1 = "__xstat" fullword
        $h2 = "__lxstat64" fullword
        $h3 = "fopen64" fullword
        $h4 = "unlinkat" fullword
        $h5 = "accept" fullword
        $h6 = "pam_authenticate" fullword
        $h7 = "rmdir" fullword
        $p1 = "/proc/net/tcp"
        $p2 = "/proc/self/fd/%d"
        $p3 = "HISTFILE"
    condition:
        uint32(0) == 0x464c457f and uint16(16) == 3 and filesize < 2MB and
        $preload and $next and all of ($r*) and 4 of ($h*) and any of ($p*)
}

rule Rootkit_LdPreload_Known_Names
{
    meta:
        description = "names and default secrets of widespread LD_PRELOAD rootkits"
        severity = "high"
    strings:
        $a1 = "libprocesshider" nocase
        $a2 = "jynx2" nocase fullword
        $a3 = "bedevil" fullword
        $a4 = "VLANY" fullword
        $a5 = "azazel" fullword
        $hook = "dlsym"
        $dir = "readdir"
    condition:
        uint32(0) == 0x464c457f and uint16(16) == 3 and filesize < 2MB and any of ($a*) and $hook and $dir
}

rule Rootkit_Preload_Installer
{
    meta:
        description = "script that puts a library into /etc/ld.so.preload and makes it immutable or hides its traces"
        severity = "high"
    strings:
        $shebang = "#!/"
        $install = /echo\s{1,4}["']?\/[A-Za-z0-9_.\/\-]{3,80}\.so[.0-9]{0,8}["']?\s{0,4}>{1,2}\s{0,4}\/etc\/ld\.so\.preload/
        $c1 = /chattr\s{1,4}\+[ai]{1,2}\s[^\n]{0,60}ld\.so\.preload/
        $c2 = /touch\s{1,4}-r\s/
        $c3 = "history -c"
        $c4 = "HISTFILE=/dev/null"
    condition:
        filesize < 256KB and $shebang at 0 and $install and any of ($c*)
}
