export { Dataset, TensorDataset } from './dataset.ts'
export { DataLoader, type DataLoaderOptions } from './loader.ts'
export { type ClassData, diabetes, digits, iris, type LabelledData } from './tables.ts'
