#!/bin/sh
# A bundle of MovieLens-100K, once. Ctrl-C stops make; any other failure leaves the bundle that ships.
# --overwrite: what is there without a bundle.json is no reason to give up.
# $1: the folder of the bundle.
trap 'exit 130' INT
[ -f "$1/bundle.json" ] && exit 0
resume=
[ -d "$1.partial" ] && resume=--resume
echo "Training on MovieLens-100K, once (about a minute); Ctrl-C stops it, make app then goes on from there." >&2
.venv/bin/python -m macrid train --data ml-100k --out "$1" --seed 0 --overwrite $resume
case $? in
    0) ;;
    130 | 143) exit 130 ;;
    *) echo "MovieLens-100K could not be had; the app starts with the bundle that ships. The next make app tries again." >&2 ;;
esac
