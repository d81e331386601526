#!/usr/bin/env bash
# Slides as pictures, to be looked at: slides.pptx through LibreOffice, slides.pdf as it is.
#
#   scripts/look_at_slides.sh FOLDER [OUT]   FOLDER holds slides.pptx and slides.pdf; pictures go to OUT, FOLDER/look unless given
#
# Needs soffice (libreoffice-impress) and pdftoppm (poppler-utils): apt-get install --no-install-recommends libreoffice-impress poppler-utils
set -euo pipefail

case "${1:-}" in
  "" | -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
folder=$1
out=${2:-$folder/look}
for program in soffice pdftoppm; do
  command -v "$program" >/dev/null || { echo "error: $program is missing: apt-get install --no-install-recommends libreoffice-impress poppler-utils" >&2; exit 2; }
done
for file in slides.pptx slides.pdf; do
  [ -f "$folder/$file" ] || { echo "error: $folder/$file is missing: pushbench report RECORDING --slides --out $folder makes it" >&2; exit 2; }
done
mkdir -p "$out"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
soffice "-env:UserInstallation=file://$profile" --headless --convert-to pdf --outdir "$out" "$folder/slides.pptx" >/dev/null
mv "$out/slides.pdf" "$out/pptx.pdf"
pdftoppm -r 96 -png "$out/pptx.pdf" "$out/pptx"
pdftoppm -r 96 -png "$folder/slides.pdf" "$out/pdf"
echo "$(find "$out" -name '*.png' | wc -l) pictures in $out: pptx-*.png through LibreOffice, pdf-*.png"
