"""Render every picture of the demo catalogue that is not there yet.

    python render_all.py --out ../../shop/demo/photos                   # everything; start it once per core
    python render_all.py --out ../../shop/demo/photos --only alma-mug   # only names that start so
    python render_all.py --out look --scale 0.25           # a quick look
"""
import argparse
import os
import tempfile
from pathlib import Path

from PIL import Image

import jobs
import products
import scene
import studio


def build_packshot(job):
    """One product in the studio; returns the exposure to use."""
    hint = products.MODELS[job.handle](job.look)
    exposure = studio.EXPOSURE + hint.pop('exposure', 0)
    studio.build_studio(hint['height'], hint['width'], hint.pop('key', 1.0))
    studio.frame(**{**hint, **job.view})
    return exposure


def build_scene(job):
    scene.SCENES[job.scene]()
    return scene.EXPOSURE


def make(job, target, scale, samples):
    studio.clear()
    exposure = build_scene(job) if job.scene else build_packshot(job)
    width, height = (round(side * scale) for side in job.size)
    with tempfile.TemporaryDirectory() as scratch:
        master = os.path.join(scratch, 'master.png')
        seconds = studio.render(master, width, height, samples or job.samples, exposure)
        Image.open(master).convert('RGB').save(target, quality=80, method=6)
    print(f'{job.name}: {seconds:.0f} s', flush=True)


def claim(path):
    """True for the first process that asks; several may work through the list side by side."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--only', nargs='*', default=[''])
    parser.add_argument('--scale', type=float, default=1.0)
    parser.add_argument('--samples', type=int)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for job in jobs.JOBS:
        target, lock = options.out / f'{job.name}.webp', options.out / f'.{job.name}.lock'
        if not job.name.startswith(tuple(options.only)) or target.exists() or not claim(lock):
            continue
        try:
            make(job, target, options.scale, options.samples)
        finally:
            lock.unlink()


if __name__ == '__main__':
    main()
