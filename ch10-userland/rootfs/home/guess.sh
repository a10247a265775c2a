#!/bin/sh
# Guess a number from 1 to 100, in as few tries as you can.

# Two bytes of /dev/urandom, as a number.
byte() {
    head -c 1 /dev/urandom | hexdump | head -n 1 | cut -c 11-12
}
number=$((0x$(byte)$(byte) % 100 + 1))
tries=0

while true; do
    echo -n "Your guess, 1 to 100: "
    read guess || exit 1
    tries=$((tries + 1))
    if ! [ "$guess" -eq "$guess" ] 2>/dev/null; then
        echo "That is no number."
    elif [ "$guess" -lt "$number" ]; then
        echo "More."
    elif [ "$guess" -gt "$number" ]; then
        echo "Less."
    else
        echo "Yes! $tries tries."
        exit 0
    fi
done
