/*
 * ELF files that exist to bring something else: tiny loaders, downloaders, self-deleting droppers.
 */

rule Dropper_ELF_Memfd_Exec_Download
{
    meta:
        description = "ELF that downloads into anonymous memory and runs it from there"
        severity = "high"
    strings:
        $memfd = "memfd_create"
        $fd1 = "/proc/self/fd/%d"
        $fd2 = "/proc/%d/fd/%d"
        $exec = "fexecve"
        $http = /GET \/[A-Za-z0-9_.\/%\-]{0,60} HTTP\/1\.[01]\r\nHost: [0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}/
    condition:
        uint32(0) == 0x464c457f and filesize < 4MB and $memfd and ($exec or any of ($fd*)) and $http
}

rule Dropper_ELF_Busybox_Infection
{
    meta:
        description = "ELF of an IoT botnet: busybox probes, download commands and scanner credentials together"
        severity = "high"
    strings:
        $bb = /\/bin\/busybox [A-Z]{4,12}\x00/
        $w1 = "/bin/busybox wget"
        $w2 = "/bin/busybox tftp"
        $w3 = "tftp -g -r"
        $c1 = "xc3511" fullword
        $c2 = "vizxv" fullword
        $c3 = "7ujMko0admin" fullword
        $c4 = "juantech" fullword
        $p = "/proc/net/route"
    condition:
        uint32(0) == 0x464c457f and filesize < 2MB and ($bb or any of ($w*)) and (2 of ($c*) or ($p and any of ($w*) and any of ($c*)))
}

rule Dropper_ELF_Shell_Downloader
{
    meta:
        description = "small ELF that hands a download-and-run line to the shell"
        severity = "high"
    strings:
        $line = /(wget|curl)\s[^\x00\n]{0,40}https?:\/\/[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}[^\x00\n]{0,120}(\|\s{0,4}(ba)?sh|;\s{0,4}chmod\s{1,4}(777|\+x)[^\x00\n]{1,80};\s{0,4}\.?\/)/
    condition:
        uint32(0) == 0x464c457f and filesize < 1MB and $line
}

rule Dropper_ELF_Self_Delete_And_Persist
{
    meta:
        description = "ELF that removes itself, adds itself to cron and start scripts, and hides as a kernel thread"
        severity = "medium"
    strings:
        $self = "/proc/self/exe"
        $cron1 = "/var/spool/cron"
        $cron2 = "/etc/cron.hourly/"
        $rc1 = "/etc/rc.local"
        $rc2 = "/etc/init.d/"
        $thread1 = "[kworker/"
        $thread2 = "[kthreadd]"
        $thread3 = "[migration/"
        $line = /\*\/[0-9]{1,2} \* \* \* \* root /
    condition:
        uint32(0) == 0x464c457f and filesize < 4MB and $self and any of ($cron*) and any of ($rc*) and any of ($thread*) and $line
}

rule Dropper_Shell_Fetch_All_Architectures
{
    meta:
        description = "shell script that fetches and runs the same bot for many processor architectures"
        severity = "high"
    strings:
        $fetch = /(wget|curl -O|tftp)\s[^\n]{0,40}http:\/\/[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}[^\n]{1,120}/
        $run = /chmod\s{1,4}(777|\+x)\s{1,4}[^\n;]{1,60};\s{0,4}\.\//
        $m1 = "mips" fullword
        $m2 = "mpsl" fullword
        $m3 = "arm7" fullword
        $m4 = "sh4" fullword
        $m5 = "ppc" fullword
        $m6 = "m68k" fullword
    condition:
        filesize < 128KB and #fetch > 2 and $run and 3 of ($m*)
}
