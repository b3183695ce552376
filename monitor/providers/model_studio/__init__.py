"""Alibaba Cloud Model Studio (Bailian, DashScope): fine-tuning jobs, read with an API key."""
