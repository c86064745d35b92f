#!/bin/bash
#SBATCH --job-name=llmx:fsd_curve-1a2b3c4d:cpu-2g-240m
#SBATCH --array=0-3
#SBATCH --output=/shared/runs/fsd_curve-1a2b3c4d/cluster/logs/%A_%a.log
#SBATCH --open-mode=append
#SBATCH --no-requeue
#SBATCH --signal=B:USR1@90
#SBATCH --time=240
#SBATCH --partition=cpu,old
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
exec srun --ntasks=1 bash -c 'trap "" USR1; exec "$@"' worker /venvs/llmx/bin/python -P -m llmx.cluster.worker /shared/runs/fsd_curve-1a2b3c4d/cluster --class cpu-2g-240m --until $(($(date +%s) + 14400))
