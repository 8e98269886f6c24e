/*
 * Reverse shells: one-liners that connect out and hand their input to a shell. Only in small text: documentation that
 * lists many of them in a large file is not what these look for.
 */

rule ReverseShell_Bash_DevTcp
{
    meta:
        description = "shell redirected to a TCP connection through bash's /dev/tcp"
        severity = "high"
    strings:
        $a = /(ba|z|k)?sh\s{1,4}-i\s{0,4}(>&|&>|>)\s{0,4}\/dev\/(tcp|udp)\/[0-9A-Za-z.\-]{3,64}\/[0-9]{1,5}\s{0,4}(0>&1|0<&1|<&1)/
        $b = /exec\s{1,4}[0-9]{1,3}<>\s{0,4}\/dev\/(tcp|udp)\/[0-9A-Za-z.\-]{3,64}\/[0-9]{1,5}\s{0,4};\s{0,4}(cat|sh|while|bash)/
    condition:
        filesize < 256KB and any of them
}

rule ReverseShell_Netcat
{
    meta:
        description = "netcat with a shell behind it, directly or through a named pipe"
        severity = "high"
    strings:
        $exec = /\b(nc|ncat|netcat)\s{1,4}(-[a-z]{1,4}\s{1,4}){0,4}-e\s{1,4}\/bin\/(ba|z|da)?sh\s{1,4}[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\s{1,4}[0-9]{1,5}/
        $fifo = /mkfifo\s{1,4}\/tmp\/[A-Za-z0-9._]{1,16}\s{0,4};\s{0,4}cat\s{1,4}\/tmp\/[A-Za-z0-9._]{1,16}\s{0,4}\|\s{0,4}\/bin\/(ba)?sh\s{1,4}-i\s{1,4}2>&1\s{0,4}\|\s{0,4}(nc|ncat|netcat)\s/
    condition:
        filesize < 256KB and any of them
}

rule ReverseShell_Python
{
    meta:
        description = "Python connects out and duplicates the socket over the standard streams of a shell"
        severity = "high"
    strings:
        $socket = "socket.socket("
        $connect = ".connect(("
        $dup0 = /os\.dup2\(\s{0,2}[a-z]{1,8}\.fileno\(\)\s{0,2},\s{0,2}0\s{0,2}\)/
        $dup1 = /os\.dup2\(\s{0,2}[a-z]{1,8}\.fileno\(\)\s{0,2},\s{0,2}1\s{0,2}\)/
        $shell = /(subprocess\.(call|Popen|run)|pty\.spawn)\s{0,2}\(\s{0,2}\[?\s{0,2}["']\/bin\/(ba)?sh/
    condition:
        filesize < 256KB and all of them
}

rule ReverseShell_Perl
{
    meta:
        description = "Perl connects out and opens the standard streams on the socket before it runs a shell"
        severity = "high"
    strings:
        $socket = "sockaddr_in("
        $in = /open\(STDIN\s{0,2},\s{0,2}["']>&S["']\)/
        $out = /open\(STDOUT\s{0,2},\s{0,2}["']>&S["']\)/
        $shell = /exec\(\s{0,2}["']\/bin\/(ba)?sh\s{1,2}-i["']\)/
    condition:
        filesize < 256KB and all of them
}

rule ReverseShell_PowerShell
{
    meta:
        description = "PowerShell reads commands from a TCP client and evaluates them"
        severity = "high"
    strings:
        $client = "System.Net.Sockets.TCPClient" nocase ascii wide
        $stream = ".GetStream()" nocase ascii wide
        $iex = /(iex|Invoke-Expression)\s{0,4}[\(\$]/ nocase ascii wide
        $loop = ".Read($" nocase ascii wide
    condition:
        filesize < 256KB and all of them
}

rule ReverseShell_PHP
{
    meta:
        description = "PHP opens a socket and gives it to a shell"
        severity = "high"
    strings:
        $php = /fsockopen\s{0,4}\(\s{0,4}["'][0-9A-Za-z.\-]{3,64}["']\s{0,4},\s{0,4}[0-9]{1,5}\s{0,4}\)/
        $exec = /(exec|shell_exec|system|passthru|popen|proc_open)\s{0,4}\(\s{0,4}["'](\/bin\/)?(ba)?sh\s{1,4}(-i\s{1,4})?<&3/
    condition:
        filesize < 256KB and all of them
}
