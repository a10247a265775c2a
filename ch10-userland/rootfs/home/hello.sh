#!/bin/sh
# What a script can do here: variables, conditions, loops, functions, pipes.
# Try: ./hello.sh, ./hello.sh Ada Alan

greet() {
    echo "Hello, $1! This is $(uname -s) on $(uname -m)."
}

if [ $# -eq 0 ]; then
    set -- world
fi
for name in "$@"; do
    greet "$name"
done

echo "Planets larger than the earth, the largest first:"
grep -v '^#' "$(dirname "$0")/planets.txt" | while read name diameter rest; do
    if [ "$diameter" -gt 12756 ]; then
        echo "$diameter $name"
    fi
done | sort -rn
