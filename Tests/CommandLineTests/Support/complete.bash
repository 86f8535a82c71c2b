# Completes the last of the arguments with the script in $1, as readline would call it, one candidate a line.
source "$1" || exit 2
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"$(complete -p kubechains | sed 's/.* -F \([^ ]*\) .*/\1/')" 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
