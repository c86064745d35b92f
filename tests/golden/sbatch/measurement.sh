#!/bin/bash
#SBATCH --job-name=llmx:fsd_curve-1a2b3c4d:gpu-1gpu-16g-60m-alone
#SBATCH --array=0-2
#SBATCH --output=/shared/runs/fsd_curve-1a2b3c4d/cluster/logs/%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@90
#SBATCH --time=60
#SBATCH --partition=gpu
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=16G
#SBATCH --gres=gpu:1
#SBATCH --exclusive
#SBATCH --constraint=h100&ib
exec srun --ntasks=1 bash -c 'trap "" USR1; exec "$@"' worker /home/me/.venv/bin/python -P -m llmx.cluster.worker /shared/runs/fsd_curve-1a2b3c4d/cluster --class gpu-1gpu-16g-60m-alone --until $(($(date +%s) + 3600))
