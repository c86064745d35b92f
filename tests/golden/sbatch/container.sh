#!/bin/bash
#SBATCH --job-name=llmx:fsd_curve-1a2b3c4d:gpu-1gpu-16g-240m
#SBATCH --array=0-0
#SBATCH --output="/shared/my runs/x/cluster/logs/%A_%a.log"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@90
#SBATCH --time=240
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=16G
#SBATCH --gres=gpu:1
module purge
module load apptainer
exec srun --ntasks=1 bash -c 'trap "" USR1; exec "$@"' worker apptainer exec --nv /img/llmx.sif python -P -m llmx.cluster.worker '/shared/my runs/x/cluster' --class gpu-1gpu-16g-240m --until $(($(date +%s) + 14400))
