# What the commands of one instance of the embedded platform share: what its unit is allowed, and what it holds.
# `folder` is where the unit's state lies.
page=@PAGE@

property() { # unit name: the value of one property
    while IFS= read -r line; do
        case $line in "$2="*) printf '%s\n' "${line#*=}"; return ;; esac
    done <"$folder/$1.pretty"
}

family() { # pid: sets `members` to it and all processes below it
    set +f
    set -- "$1"
    members=''
    while [ $# -gt 0 ]; do
        pid=$1
        members="$members $pid"
        shift
        for list in "/proc/$pid/task"/*/children; do
            below=''
            { read -r below <"$list"; } 2>/dev/null
            # shellcheck disable=SC2086 # a list of pids
            set -- "$@" $below
        done
    done
}

resident() { # pid: bytes that it and all processes below it hold in memory
    family "$1"
    pages=0
    for pid in $members; do
        held=0
        { read -r _ held _ <"/proc/$pid/statm"; } 2>/dev/null
        pages=$((pages + held))
    done
    printf '%s\n' $((pages * page))
}

charged() { # unit pid: bytes that the unit is charged with: what it holds, which a group's limit never lets go above it
    sum=$(resident "$2")
    most=$(property "$1" MemoryMax)
    case $most in *[!0-9]*) ;; *) [ "$sum" -le "$most" ] || sum=$most ;; esac
    printf '%s\n' "$sum"
}
