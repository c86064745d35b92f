#!/bin/bash
#SBATCH --job-name=llmx:fsd_curve-1a2b3c4d:gpu-8gpu-256g-1440m
#SBATCH --array=0-1
#SBATCH --output=/shared/runs/fsd_curve-1a2b3c4d/cluster/logs/%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@90
#SBATCH --time=1440
#SBATCH --partition=gpu
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=256G
#SBATCH --gres=gpu:8
#SBATCH --nice=100
#SBATCH --mail-type=FAIL
exec srun --ntasks=1 bash -c 'trap "" USR1; exec "$@"' worker /home/me/.venv/bin/python -P -m llmx.cluster.worker /shared/runs/fsd_curve-1a2b3c4d/cluster --class gpu-8gpu-256g-1440m --until $(($(date +%s) + 86400))
