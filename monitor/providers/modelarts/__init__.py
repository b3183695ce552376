"""Huawei Cloud ModelArts: training jobs, the training flavors and the resource flavors with their stock per zone."""
