"""Types a line into zsh on a terminal and presses tab: complete_zsh.py SCRIPT LINE prints what the line has become."""
import os
import pty
import select
import sys
import time

script, line = sys.argv[1:]
process, terminal = pty.fork()
if process == 0:
    os.environ.update(PS1="> ", TERM="dumb", RESULT=os.path.abspath("result"))
    os.execvp("zsh", ["zsh", "-f"])

pending = ""


def wait_for(mark, seconds=20):
    """Reads what the shell writes, up to a mark."""
    global pending
    end = time.monotonic() + seconds
    while mark not in pending and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                pending += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                return
    pending = pending.partition(mark)[2]


def send(text):
    os.write(terminal, text.encode())


# The echo of a typed line does not hold the word that the line prints. A widget writes down what the line has become.
send(f"autoload -Uz compinit; compinit -u -D; source {script}; echo on''e\n")
wait_for("one\r\n")
send("show() { print -r -- \"[$BUFFER]\" > $RESULT }; zle -N show; bindkey '^T' show; echo tw''o\n")
wait_for("two\r\n")
wait_for("> ")
send(line + "\t\x14")
end = time.monotonic() + 20
while time.monotonic() < end and not (os.path.exists("result") and open("result").read().endswith("]\n")):
    wait_for("\0", 0.1)
print(open("result").read()[1:-2])
send("\x15exit\n")
wait_for("\0", 0.3)
