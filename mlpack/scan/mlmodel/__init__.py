"""The folders that MLflow saves models in, read without MLflow and without running anything in them."""

from mlpack.scan.mlmodel.folder import MLMODEL, MLflowFolder, is_mlflow_folder, mlflow_folder

__all__ = ["MLMODEL", "MLflowFolder", "is_mlflow_folder", "mlflow_folder"]
