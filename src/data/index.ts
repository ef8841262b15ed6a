export { Dataset, TensorDataset } from './dataset.ts'
export { cifar10, fashionMnist, type ImageData, type LabelledImages, mnist } from './images.ts'
export { DataLoader, type DataLoaderOptions } from './loader.ts'
export { type ClassData, diabetes, digits, iris, type LabelledData } from './tables.ts'
