#!/bin/bash
#SBATCH --job-name=llmx:fsd_curve-1a2b3c4d:gpu-1gpu-16g-960m
#SBATCH --array=0-7
#SBATCH --output=/shared/runs/fsd_curve-1a2b3c4d/cluster/logs/%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@90
#SBATCH --time=960
#SBATCH --partition=a100
#SBATCH --qos=long
#SBATCH --account=nlp
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --gres=gpu:1
exec srun --ntasks=1 bash -c 'trap "" USR1; exec "$@"' worker /home/me/.venv/bin/python -P -m llmx.cluster.worker /shared/runs/fsd_curve-1a2b3c4d/cluster --class gpu-1gpu-16g-960m --until $(($(date +%s) + 57600))
